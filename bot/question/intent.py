"""What the asker wants, from the words around the facts."""

import re
from typing import Final

from bot.question.patterns import Pattern
from bot.question.query import Intent
from bot.question.words import word_set

_METHODS: Final = Pattern(
    r"^(?:methods?(?![a-z])|compare (?:the )?methods)|all (?:the )?(?:published )?methods|by (?:every|each|"
    r"all) methods?"
)
_EXPLAIN: Final = Pattern(
    r"^(?:please )?(?:explain|show (?:me )?the (?:arithmetic|math)|derive|why(?: is| are| does| do)?(?![a-z])|"
    r"解释|说明一下|为什么)|"
    r"^(?:what is|what's|what are|what does|define|什么是) (?:a |an |the )?(?:ttft|tpot|itl|mla|gqa|kv|prefill|"
    r"decode|roofline|"
    r"tensor parallel|pipeline parallel|expert parallel|moe|active param|sweet ?spot|fp8|nvfp4|mxfp4|awq|gptq|batch)|"
    r"how (?:do|did|does) (?:you|it|hubgauge) (?:compute|calculate|estimate|know|work)"
)
_PICK: Final = Pattern(
    r"(?:which|what|any|best|largest|biggest|strongest|good|possible)(?: is the|"
    r" are the)?(?: [a-z0-9.-]+){0,3}? (?:models?|llms?)(?![a-z])|"
    r"(?:largest|biggest|best) (?:possible )?(?:llm|model)|哪个[a-z0-9. ]{0,12}模型|什么样?的?[a-z0-9. ]{0,12}模型|"
    r"哪些[a-z0-9. ]{0,12}模型|"
    r"推荐[^,;]{0,6}模型|which model|what model|what can (?:i|we) run(?![a-z])|what (?:can|could|will|does) (?:an? |"
    r"my |the )?\S+ \S* ?(?:run|fit)|能跑什么"
)
_RECOMMEND: Final = Pattern(
    r"how many(?: [a-z0-9-]+){0,3}? (?:gpus?|cards?|nodes?|machines?|chips?|devices?|accelerators?)(?![a-z])|"
    r"number of (?:gpus?|cards|nodes)|"
    r"(?:what|which|wich)(?: kind of| type of| sort of| size of)?(?: [a-z0-9-]+){0,2}? ?(?:hardware|gpus?|cards?|"
    r"machines?|devices?|servers?|setup|rig|instances?|specs?|accelerators?|mac|computer|system)(?![a-z])|"
    r"what (?:can|could|will|would) (?:run|serve|host|fit|handle)|what do (?:i|we|you|people) need|what (?:is|would be|"
    r"'s) (?:needed|required)|what's needed|"
    r"cheap(?:est|er)?|most (?:cost|economical)|lowest cost|best (?:hardware|gpu|card|config|setup|way)|"
    r"(?:minimum|minimal|min|minimun|smallest|lowest|recommended|required) (?:[a-z]+ )?(?:hardware|gpus?|cards?|"
    r"device|config(?:uration)?|setup|machine|server|specs?|requirements?|system|number|count|vram|memory|ram)|"
    r"(?:hardware|gpu|system|memory|vram|resource|computing)s? requirements?|requirements? (?:for|to|of)|"
    r"what would it take|what does it take|(?:fewest|fastest|quickest|best|cheapest|smallest|right) (?:hardware|gpus?|"
    r"cards?|machines?|box|server|instance)|(?:need|want|looking for|get) an? (?:box|machine|server|rig|gpu|instance|"
    r"node)|"
    r"recommend|how (?:much|many) (?:resources|vram|gpu memory|gpu ram|memory|ram|gb|gigs)|"
    r"硬件(?:需求|要求|配置)|配置(?:需求|要求|推荐|是什么)|最低配置|最佳配置|推荐配置|什么(?:显卡|配置|硬件|gpu|设备|机器|卡)|哪些?(?:种|款)?(?:gpu|显卡|硬件|卡|芯片|机器)|"
    r"(?:几|多少)(?:张|块|卡|个|台|片)|多少gpu|多大(?:的)?(?:显存|内存|gpu)|(?:多少|多大)[^,;?]{0,4}显存|显存(?:需求|要求|需要)|需要什么|推荐|资源配置"
)
_CAPACITY: Final = Pattern(
    r"how many (?:concurrent |simultaneous |parallel )?(?:users|requests|people|sessions|clients|tokens)|"
    r"max(?:imum)? (?:context|users|concurren|batch|number of (?:users|concurrent|requests))|"
    r"how (?:long|large|big) (?:a |of a |is the )?(?:context|prompt)|how fast|how quick|how much context|多少(?:并发|"
    r"用户|人)|最大(?:上下文|并发|支持)|并发(?:上限|人数)|多长"
)
_CAN: Final = Pattern(
    r"(?<![a-z])(?:can(?!'t|not)|could|will|would|does|do|is it possible|possible to|able to|enough|sufficient|suffice|"
    r"fits?)(?![a-z])|能跑|跑(?:得|的)?起来|够吗|够不够|可以跑|能不能|能否|是否|可以.{0,20}吗|能.{0,24}吗|行吗|支持吗"
)
_DIAGNOSE: Final = Pattern(
    r"(?<![a-z])(?:can(?:'t|not) get [^,;]{1,50} to (?:load|run|start|fit|work)|oom(?:s|ed|ing)?|"
    r"out of memory|cuda error|crash(?:es|ed)?|fail(?:s|ed|ing|ure)?|error|errors|slow|slower|"
    r"stuck|hangs?|not work|doesn't work|don't work|"
    r"(?:can(?:'t|not)|won't|will not|does not|doesn't|do not|don't|did not|didn't) (?:run|load|start|fit|serve|"
    r"deploy|work|come up)|not (?:load|start|fit|work)(?:ing|s)?|unable to|run(?:s|ning)? out of|problem|"
    r"issue|too much memory|killed|degraded|"
    r"regression|expected speed)(?![a-z])|报错|显存不足|爆显存|爆了|失败|很慢|太慢|变慢|溢出|正常吗|跑不起|跑不动"
)
_FAILS: Final = Pattern(
    r"(?<![a-z])(?:oom(?:s|ed|ing)?(?![a-z])|crash|(?:won't|will not|does not|doesn't|did not|didn't|cannot|"
    r"can't)(?: it)? (?:fit|load|"
    r"start|come up|run)(?![a-z])|(?:does|do|did|is|was|will) (?:the |my )?[a-z0-9./:-]+ not (?:load|start|"
    r"fit|work|run))"
)
"""Complaints that a question word does not turn into a wish: `why does it not load`."""
_CARD_WORDS: Final = Pattern(
    r"specs?(?![a-z])|datasheet|data sheet|bandwidth|tflops|model card|card for|parameters of|参数是"
)


PLAIN_WORDS: Final = word_set(
    "on at with for and in of a an the to vs or s x using use by each per w gb g gpu gpus context ctx"
)
"""Words between facts that ask for nothing."""


def read_intent(
    text: str,
    *,
    models: int,
    cards: int,
    is_bare: bool,
    words: frozenset[str],
    asks_count: bool = False,
    has_budget: bool = False,
    asks_member: bool = False,
) -> Intent:
    """The intent of a lower-case text that names so many models and cards.

    `words` are those that no pass has read: where they are plain, nothing but facts was typed.
    `asks_count` says that the number of cards is what is asked; `is_bare` says that nothing but the name was typed:
    then the card of the model is wanted. Capacity ("how many users") is an estimate. A budget without a machine asks
    for machines. `asks_member` says that one of a family is asked for ("which qwen").
    """
    if models and not cards and has_budget:
        return "recommend"
    if models and not asks_count and words <= PLAIN_WORDS:
        return "card" if is_bare else "estimate"
    if _METHODS.search(text):
        return "methods"
    if _EXPLAIN.search(text) and not (models and _DIAGNOSE.search(text)):
        return "explain"
    if cards and asks_member:
        return "pick"
    if not models or _asks_for_model(text, models, cards):
        if _PICK.search(text):
            return "pick"
        if not models and cards and _CARD_WORDS.search(text):
            return "card"
    if models and is_bare:
        return "card"
    return "recommend" if asks_count else _about_machine(text, cards)


def _asks_for_model(text: str, models: int, cards: int) -> bool:
    return (
        models == 1
        and cards > 0
        and bool(re.search(r"(?:which|what|哪个|什么样?的|哪些)[a-z0-9. ]{0,12}(?:models?|模型)", text))
    )


def _about_machine(text: str, cards: int) -> Intent:
    if _CAPACITY.search(text):
        return "estimate"
    if _RECOMMEND.search(text) and not (cards and (_is_yes_or_no(text) or _OF_THE_CACHE.search(text))):
        return "recommend"
    if _CAN.search(text) and not _FAILS.search(text):
        return "estimate"
    return "diagnose" if _DIAGNOSE.search(text) else "estimate"


_OF_THE_CACHE: Final = Pattern(r"how (?:much|many) [a-z ]{2,20}(?:does|will|is|of) (?:the |an? )?(?:kv|cache)")


def _is_yes_or_no(text: str) -> bool:
    """`are 2 H100 enough`: the machine is there, and only its memory or its speed is asked."""
    return bool(
        re.search(r"enough|sufficient|够吗|够不够|够用|能跑|跑(?:得|的)?起来|可以跑|能支持", text)
    ) and not re.search(r"how many|多少个|几张|几块|多少张|多少卡|几卡", text)
