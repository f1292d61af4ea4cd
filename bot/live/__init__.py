"""`bookbag config check --live`: are the school's accounts with its providers set up as its settings say?

What a program can see is asked for and judged here, a module a provider; what only a person can see, in the providers' own pages, is listed to be ticked.
"""
