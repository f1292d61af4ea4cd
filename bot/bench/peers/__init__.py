"""Other bots that hold the same conversation as the benchmark's parents (`bot.bench.load.ANSWERS`), as their own documentation would have them written."""
