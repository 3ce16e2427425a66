"""The published model families beside MaDiT: authors' weights under the authors' key names, authors' numbers.

:mod:`.registry` knows them by name, :mod:`.weights` reads their files, :mod:`.case` compares with recorded runs.
"""
