"""The rules for numbers with a meaning, as one table: rates, latencies, splits, lengths, users, contexts.

Each rule has a gate (a text without any of its words is not searched), a pattern and what its groups mean. The
order is the precedence: what a rule has read is blanked for the next. Names of models, formats, cards and flags
are gone before, so `80G`, `v0.8.5` and a port never reach a context.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from bot.question.numbers import AMOUNT, PLAIN
from bot.question.patterns import Pattern

NOT_BEFORE: Final = r"(?<![a-z0-9.$/_-])"
NOT_AFTER: Final = r"(?![a-z0-9])"
_RATE: Final = (
    r"(?:tok(?:en)?s?|t|toekns?) ?(?:/|per|a|每|p) ?(?:s(?:ec(?:ond)?)?|秒)(?![a-z])|tps(?![a-z])|toks/s|token每秒"
)
_SECONDS: Final = r"(ms|milliseconds?|毫秒|seconds?|secs?|s|秒)(?![a-z])"
_PEOPLE: Final = (
    r"(?:users?|people|persons?|clients?|sessions?|seqs?|sequences?|streams?|agents?|developers?|devs?|employees|"
    r"colleagues|requests?|reqs?|conversations?|chats|queries|connections|students|customers|prompts|threads|engineers)"
)
_COUNT_WORDS: Final = (
    r"((?:(?<![a-z0-9)])-)?\d{1,3}(?:,\d{3})+|(?:(?<![a-z0-9)])-)?\d{1,48}(?:\.\d{1,3}(?= ?[km]))? ?"
    r"(?:[km](?![a-z0-9]))?|one|two|three|four|five|six|seven|eight|ten|twelve)"
)
_PERIOD: Final = r"(s(?:ec(?:ond)?)?|min(?:ute)?|h(?:(?:ou)?r)?|days?|weeks?|months?|mo|years?)"
_LINK: Final = (
    r"(?: ?(?:of|is|to|was|=|:|>=|<=|>|<|为|是|到|at|about|around|~|approx|up|set|limited|max|min|设为|只有)){0,3} ?"
)


@dataclass(slots=True, eq=False, repr=False)
class Rule:
    """One way to say one thing. `example` is a text that the rule reads, for the help and for the tests."""

    meaning: str
    gate: tuple[str, ...]
    pattern: str
    example: str
    groups: tuple[str, ...] = ()

    def applies(self, text: str) -> bool:
        """Whether a word of the gate stands in the text."""
        for word in self.gate:  # noqa: SIM110  # a plain loop is twice as fast, and every rule of every question asks
            if word in text:
                return True
        return False


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "seconds_per_token",
        ("token", "tok", "tpot", "itl"),
        rf"{NOT_BEFORE}(under|below|within|at most|max(?:imum)?|<=?|less than)? ?{PLAIN} ?{_SECONDS} ?(?:/|per|"
        rf"a) ?(?:output )?tok(?:en)?(?![a-z])",
        "under 50 ms per token",
        ("wish", "value", "unit"),
    ),
    Rule(
        "seconds_per_token",
        ("tpot", "itl", "inter-token", "inter token", "time per output token"),
        rf"(?:tpot|itl|inter[- ]token latency|time per output token)[^0-9;,]{{0,24}}?(under|below|within|<=?|max|"
        rf"of|at most|less than|=)? ?{PLAIN} ?{_SECONDS}",
        "tpot < 40ms",
        ("wish", "value", "unit"),
    ),
    Rule(
        "ttft",
        ("ttft", "first token", "first-token", "首字", "首token", "首 token", "首个token"),
        r"(?:ttft|time to first token|first[- ]token(?: latency| time)?|首字(?:延迟|时间)?|首个? ?token(?:延迟|时间)?)"
        rf"([^0-9;]{{0,24}}?){PLAIN} ?{_SECONDS}",
        "ttft under 2 s",
        ("wish", "value", "unit"),
    ),
    Rule(
        "ttft",
        ("ttft", "first token"),
        rf"(under|below|within|<=?|less than|at most) ?{PLAIN} ?{_SECONDS} (?:ttft|(?:to|for the|"
        rf"time to) first token|first token)",
        "under 200 ms ttft",
        ("wish", "value", "unit"),
    ),
    Rule(
        "tokens_per_s",
        ("t/s", "tok", "tps", "token", "toekn"),
        rf"{NOT_BEFORE}~?{PLAIN} ?(k(?![a-z]))?(?: ?(?:-|~|to) ?{PLAIN})?\+? ?(?:output |generated )?(?:{_RATE})",
        "at least 25 tok/s",
        ("value", "kilo", "upper"),
    ),
    Rule(
        "tokens_per_s",
        ("每秒",),
        rf"每秒[^0-9;]{{0,6}}{PLAIN} ?个? ?tok",
        "每秒10个token",
        ("value",),
    ),
    Rule("bits", ("bit", "bpw"), rf"{NOT_BEFORE}{PLAIN} ?(?:bpw|bits?(?: per weight)?){NOT_AFTER}",
         "4.65 bits per weight"),
    Rule(
        "usd_per_hour",
        ("$", "usd", "dollar", "buck", "eur", "€"),
        rf"(?:[$€] ?{PLAIN} ?(k(?![a-z]))?|{NOT_BEFORE}{PLAIN} ?(k(?![a-z]))? ?(?:usd|dollars?|bucks?|euros?|eur|\$|€))"
        rf"(?: ?(?:/|per|an?|each|every) ?{_PERIOD}(?![a-z]))?",
        "under $10 an hour",
        ("value", "kilo", "value_before", "kilo_before", "period"),
    ),
    Rule(
        "requests_per_s",
        ("req", "quer", "call", "messages", "prompts", "chats"),
        rf"{NOT_BEFORE}{PLAIN} ?(k|m)? ?(?:req(?:uest)?s?|quer(?:y|ies)|calls|messages|prompts|chats) ?(?:/|"
        rf"per|an?|each|"
        rf"every) ?{_PERIOD}(?![a-z])",
        "50k requests a day",
        ("value", "scale", "period"),
    ),
    Rule(
        "requests_per_s",
        ("qps", "rps", "rpm", "req/"),
        rf"{NOT_BEFORE}{PLAIN} ?(k|m)? ?(qps|rps|rpm){NOT_AFTER}",
        "3 rps",
        ("value", "scale", "period"),
    ),
    Rule(
        "parallel",
        ("tp", "pp", "dp", "ep"),
        r"(?<![a-z])(?<![a-z]-)(tp|pp|dp|ep)(?:[-_ ]?size)?[ ]?[-=:]?[ ]?(\d{1,30})(?![0-9.]|[a-df-oq-su-z])",
        "tp8 pp2",
        ("kind", "degree"),
    ),
    Rule(
        "parallel",
        ("tensor", "pipeline", "data paral", "data-paral", "expert"),
        r"(tensor|pipeline|data|expert)[-_ ]?(?:model[-_ ])?parallel(?:ism)?(?:[-_ ]?(?:size|degree))?"
        r"(?: ?(?:of|=|:|is|to))?[ ]?(\d{1,30})(?![0-9.a-z])",
        "tensor parallel 4",
        ("kind", "degree"),
    ),
    Rule(
        "parallel",
        ("way",),
        r"(?<![a-z0-9.])(\d{1,4})[- ]?way (tensor|pipeline|data|expert|tp|pp|dp|ep)(?![a-z])",
        "8-way tensor parallel",
        ("degree", "kind"),
    ),
    Rule(
        "fraction",
        ("util", "fraction"),
        r"(?:gpu[-_ ]?)?mem(?:ory)?[-_ ](?:util(?:ization)?|fraction(?:[-_]static)?)(?: ?[=:]| of|"
        r" at)? ?(\d?\.\d{1,4}|\d{1,3} ?%|0(?![\d.]))",
        "gpu-memory-utilization=0.9",
        ("value",),
    ),
    Rule(
        "batched_tokens",
        ("batched",),
        rf"max[-_ ]?num[-_ ]?batched[-_ ]?tokens{_LINK}{AMOUNT}",
        "max_num_batched_tokens=8192",
        ("value",),
    ),
    Rule(
        "lengths",
        ("in", "prompt", "输入"),
        rf"{NOT_BEFORE}{AMOUNT}[ -]?(?:tokens? )?(?:in(?:put)?|prompt|isl|输入)(?: tokens?)?(?: ?(?:and|/|,|;|\+|&|"
        rf"with|->|-) ?| )"
        rf"{AMOUNT}[ -]?(?:tokens? )?(?:out(?:put)?|gen(?:eration|erated)?|completion|osl|new|输出)(?![a-z])",
        "1024 in, 256 out",
        ("prompt", "output"),
    ),
    Rule(
        "lengths",
        ("input", "isl", "in/out", "prompt"),
        rf"(?:input(?: and |/| & )output|in/out|isl/osl|prompt/output)(?: lengths?| tokens?| of|"
        rf" len)*{_LINK}{AMOUNT} ?(?:/|and|,|\+|:) ?{AMOUNT}",
        "input and output 3500/1500",
        ("prompt", "output"),
    ),
    Rule(
        "lengths",
        ("k/",),
        rf"{NOT_BEFORE}(\d{{1,4}}(?:\.\d)?k) ?/ ?(\d{{1,4}}(?:\.\d)?k){NOT_AFTER}",
        "8k/1k",
        ("prompt", "output"),
    ),
    Rule(
        "lengths",
        ("/",),
        r"(?<![a-z0-9.$/_-])(\d{3,6}) ?/ ?(\d{2,5})(?![a-z0-9./%-])(?! ?(?:gb|g|gib|mb|w|users?|gpus?|tok|"
        r"t/s)(?![a-z]))",
        "1024/512",
        ("prompt", "output"),
    ),
    Rule(
        "prompt",
        ("input", "prompt", "isl", "输入", "in="),
        r"(?<![a-z])(?:isl|input[-_ ]?(?:len(?:gth)?|tokens?|seq(?:uence)?[-_ ]?len(?:gth)?|size)?|"
        r"prompts?(?:[-_ ](?:len(?:gth)?|tokens?|size))?|输入(?:长度)?|in)"
        rf"(?:\([a-z]{{1,8}}\))?(?: ?(?:of|is|=|:|~|about|around|为|是|len|"
        rf"length)){{0,2}} ?(?<=[=: a-z入度为是]){AMOUNT}{NOT_AFTER}(?! ?(?:req|user|"
        rf"conc(?![a-z]* ?[=:]? ?\d)|x |gpu))",
        "input_len=1024",
        ("prompt",),
    ),
    Rule(
        "prompt",
        ("input", "prompt", "输入"),
        rf"{NOT_BEFORE}{AMOUNT}[ -]?(?:tokens? )?(?:long )?(?:of )?(?:input|prompt|输入)(?:s|[- ]tokens?)?(?![a-z])",
        "a 20k token prompt",
        ("prompt",),
    ),
    Rule(
        "output",
        ("out", "osl", "generat", "输出", "生成", "max_tokens", "max tokens", "max_new", "max-tokens", "completion"),
        r"(?<![a-z])(?:osl|output[-_ ]?(?:len(?:gth)?|tokens?|seq(?:uence)?[-_ ]?len(?:gth)?|size)?|generat(?:e|"
        r"ing|es)|输出(?:长度)?|生成|out|max[-_ ](?:new[-_ ])?tokens)"
        rf"(?:\([a-z]{{1,8}}\))?(?: ?(?:of|is|=|:|~|about|around|up to|为|是|len|"
        rf"length)){{0,2}} ?{AMOUNT}{NOT_AFTER}(?! ?(?:req|user|conc(?![a-z]* ?[=:]? ?\d)|x |gpu))",
        "output_len 128",
        ("output",),
    ),
    Rule(
        "output",
        ("out", "generat", "completion", "输出", "new token", "answer", "repl", "response"),
        rf"{NOT_BEFORE}{AMOUNT}[ -]?(?:tokens? )?(?:of )?(?:out(?:put)?(?: tokens?)?|generated(?: tokens?)?|"
        rf"completions?(?: tokens?)?|(?<=token |okens )(?:answers?|repl(?:y|ies)|responses?)|new tokens|"
        rf"输出)(?![a-z])(?! of )",
        "256 output tokens",
        ("output",),
    ),
    Rule(
        "concurrency",
        ("concurren", "simultaneous", "parallel", "at once", "at the same time", "at a time"),
        rf"{NOT_BEFORE}{_COUNT_WORDS}\+?[ -]?(?:{_PEOPLE} )?(?:concurren(?:t|tly|cy)|simultaneous(?:ly)?|parallel|"
        rf"at once|at the same time|at a time)(?: {_PEOPLE})?(?![a-z])",
        "64 concurrent",
        ("value",),
    ),
    Rule(
        "concurrency",
        ("conc", "max-num-seq", "max_num_seq", "max num seq", "batch", "bs", "并发", "np", "running"),
        r"(?<![a-z])(?:max[-_ ]?(?:concurrency|num[-_ ]?seqs?|batch(?:[-_ ]?size)?|running[-_ ]?requests)|"
        r"conc(?:urrency)?(?: level)?|concurrent (?:users|requests|sequences)|"
        rf"(?:micro[-_ ]?)?batch[-_ ]?(?:size)?|bs|并发(?:数|量|度)?){_LINK}{_COUNT_WORDS}(?![0-9.]|[a-z]|/)",
        "batch size 8",
        ("value",),
    ),
    Rule(
        "concurrency",
        ("batch", "bs", "并发", "用户", "人", "路"),
        rf"{NOT_BEFORE}(\d{{1,9}})(?: ?[~-] ?(\d{{1,9}}))? ?(?:batch[-_ ]?size|batch(?![a-z])|bs(?![a-z])|个?(?:路|人|"
        rf"用户)?(?:同时)?并发|个?用户|个?人(?:同时|使用|用|左右)|路)",
        "32并发",
        ("value", "upper"),
    ),
    Rule("concurrency", ("人同时", "人使用", "人用", "用户"),
         r"([一单两二三四五六七八十])个?(?:人(?:同时|使用|用)|用户)", "两人同时使用", ("value",)),
    Rule(
        "concurrency",
        ("user", "people", "person", "client", "session", "seq", "stream", "agent", "dev", "employee", "req", "conv",
         "chats", "queries", "connections", "students", "customers", "prompts", "threads", "colleagues"),
        rf"(?<![a-z0-9.$/_]){_COUNT_WORDS}\+?(?: ?(?:-|~|to) ?(\d{{1,9}}))?[ -](?:(?!with|at|on|for|using|and|"
        rf"tokens?)[a-z]+ ){{0,2}}?{_PEOPLE}(?![a-z])(?! ?(?:/(?! ?\d)|per|len|length))",
        "128 users",
        ("value", "upper"),
    ),
    Rule(
        "context",
        ("context", "ctx", "len", "window", "上下文", "sequence"),
        r"(?:max[-_ ]?)?(?:(?:model|input|total|kv)[-_ ]?)?(?:context|ctx|seq(?:uence)?[-_ ]?len(?:gth)?|seq_?len|"
        r"max[-_ ]?(?:model[-_ ]?)?len(?:gth)?|window|上下文)"
        r"(?:[-_ ]?(?:length|len|size|window|长度|窗口))?(?: ?(?:limited|set|up|is|of|to|at|=|:|>=|<=|>|<|about|"
        r"around|~|full|为|是|到|大概|tokens?|was|only|即使|the|a|max|\()){0,4} ?"
        rf"{AMOUNT}{NOT_AFTER}(?! ?(?:{_RATE}|gb|gib|%|x ))",
        "context of 16k",
        ("value",),
    ),
    Rule(
        "context",
        ("context", "ctx", "seq", "window", "length", "上下文", "长度", "kv"),
        rf"(?<![a-z0-9.$/_]){AMOUNT}[ -]?(?:tokens? )?(?:的|of |full |max(?:imum)? |total |long )*(?:context|ctx|"
        rf"seq[-_ ]?len|sequence|window|length|上下文|长度|kv)",
        "128k context",
        ("value",),
    ),
    Rule(
        "system_memory",
        ("ram", "memory", "ddr", "内存"),
        r"(?<![a-z0-9.$/_-])(\d{1,5}) ?(g|gb|gib|tb|t) ?(?:of )?(?:the )?(?:system |main |host |cpu |server )*"
        r"(?:(?:ecc |ddr[345]x?|lpddr5x?|dram)[- \d]{0,6})*(?:ram|memory|内存|(?<=ddr[345])|(?<=ddr[345] ))(?![a-z])",
        "512GB of DDR5 RAM",
        ("value", "unit"),
    ),
    Rule(
        "system_memory",
        ("内存",),
        r"内存(?:有|是|为|共|约)? ?(\d{1,5}) ?(g|gb|t|tb)(?![a-z])",
        "内存640GB",
        ("value", "unit"),
    ),
    Rule("context", ("at ", "@"), rf"(?:(?<![a-z])at|"
                                  rf"@) ?(-?\d{{1,48}}(?:\.\d{{1,3}})? ?[km]){NOT_AFTER}(?! ?(?:{_RATE}))",
         "at 32k", ("value",)),
    Rule("context", ("at ", "@"), rf"(?:(?<![a-z])at|@) ?(-?(?:\d{{1,3}}(?:,\d{{3}})+|"
                                  rf"\d{{3,48}}))(?![a-z0-9.,]?[a-z0-9])(?! ?(?:{_RATE}|gb|%|mhz|w(?![a-z])|watt|"
                                  rf"usd|dollar))", "at 8192", ("value",)),
    Rule("context", ("at ", "@"),
         r"(?:(?<![a-z])at|@) ?(-\d{1,9}|0)(?![0-9.a-z])(?! ?(?:%|temp|°))", "at 0", ("value",)),
    Rule("context", ("token",), rf"{NOT_BEFORE}(\d{{1,4}}(?:\.\d)?[km]|\d{{1,3}}(?:,\d{{3}})+|"
                                rf"\d{{4,48}}) ?(?:个)?tokens?(?![a-z])(?! ?(?:/|per|a second))",
         "32768 tokens", ("value",)),
    Rule("context", ("k", "m"), r"(?<![a-z0-9.$/_])(\d{1,4}(?:\.\d)?[km])(?![a-z0-9/])(?! ?(?:/|per|tok|req|user|"
                                r"people|usd|mtok|iter|step|row|sample|doc|page|download|param|gpu|hour|time|line|"
                                r"word|char|conc|dollar))", "int8 - 16k", ("value",)),
)  # fmt: skip
"""All rules, in order of precedence."""


@cache
def _compiled(pattern: str) -> Pattern:
    return Pattern(pattern)


BEFORE_CARDS: Final = frozenset(
    (
        "seconds_per_token",
        "ttft",
        "tokens_per_s",
        "bits",
        "usd_per_hour",
        "requests_per_s",
        "parallel",
        "fraction",
        "batched_tokens",
    )
)
"""Meanings read before cards are looked for: `4090 tok/s` is a rate, `tp2 4090` no count."""

AFTER_CARDS: Final = frozenset(rule.meaning for rule in RULES) - BEFORE_CARDS
"""The rest: lengths, users and contexts, once cards and their memories are gone."""

WORDS_BEFORE: Final = 24
"""Characters before a number that may say what it is: `at least`, `only`."""

Reader = Callable[[Mapping[str, str]], None]


def read_numbers(text: str, readers: Mapping[str, Reader], meanings: frozenset[str]) -> str:
    """Hands what each rule finds to the reader of its meaning; returns the text that no rule has read."""
    for rule in RULES:
        if rule.meaning not in meanings or not rule.applies(text):
            continue
        found_all = list(_compiled(rule.pattern).finditer(text))
        reader = readers.get(rule.meaning)
        for found in found_all:
            if reader:
                groups = {name: value or "" for name, value in zip(rule.groups, found.groups(), strict=False)}
                groups["text"] = text
                groups["found"] = found[0]
                groups["before"] = text[max(0, found.start() - WORDS_BEFORE) : found.start()]
                reader(groups)
            text = f"{text[: found.start()]}{' ' * (found.end() - found.start())}{text[found.end() :]}"
    return text
