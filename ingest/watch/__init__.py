"""What is new on the Hub: found, waited for until it can be sized, kept. Who hears of it is not known here."""
