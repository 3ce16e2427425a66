"""The Halton order: places of a grid in the order in which a two-dimensional low-discrepancy sequence meets them."""


def halton_order(rows: int, columns: int) -> list[int]:
    """Raster indices: the row from the radical inverse in base 2, the column from base 3, first meetings only."""
    seen: dict[int, None] = {}
    n = 0
    while len(seen) < rows * columns:
        n += 1
        seen[_scaled_inverse(n, 2, rows) * columns + _scaled_inverse(n, 3, columns)] = None
    return list(seen)


def _scaled_inverse(n: int, base: int, size: int) -> int:
    """floor(size times the radical inverse of n), in whole numbers."""
    digits, scale = 0, 1
    while n:
        n, digit = divmod(n, base)
        digits, scale = digits * base + digit, scale * base
    return digits * size // scale
