"""Conditions of Qdrant's REST API as the classes of Edge."""

from typing import Any

import qdrant_edge as edge


def edge_filter(condition: dict[str, Any] | None) -> edge.Filter | None:
    """A filter; None is everything."""
    if condition is None:
        return None
    must, should, must_not = (
        [_part(part) for part in condition[name]] if name in condition else None
        for name in ("must", "should", "must_not")
    )
    return edge.Filter(must, should, must_not)


def _part(part: dict[str, Any]) -> Any:
    match part:
        case {"has_id": ids}:
            return edge.HasIdCondition(set(ids))
        case {"key": key, "match": match}:
            return edge.FieldCondition(key, match=_match(match))
        case {"key": key, "range": bounds}:
            dates = any(isinstance(bound, str) for bound in bounds.values())
            kind = edge.RangeDateTime if dates else edge.RangeFloat
            return edge.FieldCondition(key, range=kind(**bounds))
        case _:
            return edge_filter(part)


def _match(match: dict[str, Any]) -> Any:
    match match:
        case {"value": value}:
            return edge.MatchValue(value)
        case {"any": values}:
            return edge.MatchAny(values)
        case {"substring": text}:
            return edge.MatchSubstring(text)
        case _:
            raise ValueError(f"No such match: {match}")
