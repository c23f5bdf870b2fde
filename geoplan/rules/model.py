"""What a planning rule says, as data: whom it binds, what it demands, where it is written.

A rule is read from a pack (`geoplan.rules.pack`), never written in code. It speaks of kinds of
layers, not of layers, so that one pack serves every plan.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geoplan.model import Text

Severity = Literal["prohibited", "approval_required", "notice"]
"""What a hit means: 禁止, 需审批, 提示."""

Confidence = Literal["text_seen", "secondary_source", "memory"]
"""How a statement about a law is known: its text was read, another text says so, recollection."""

MeasuringLine = Literal[
    "land_edge",
    "centreline",
    "pipe_face",
    "boundary",
    "structure",
    "facility",
    "track_edge",
    "conductor_edge",
    "cable_marker",
    "bank_line",
    "levee_toe",
]
"""The line that a law measures a distance from.

``land_edge`` the outer edge of the object's land (公路用地外缘); ``centreline`` its axis;
``pipe_face`` the outer face of a pipe; ``boundary`` the edge of an area as drawn; ``structure``
the footprint of a bridge or tunnel; ``facility`` the wall or device of a facility;
``track_edge`` embankment toe, cutting top or bridge edge of a railway; ``conductor_edge`` the
outermost conductor of a power line; ``cable_marker`` the marker line of a buried cable;
``bank_line`` and ``levee_toe`` of a river.
"""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Metres = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Setback(_Frozen):
    """The subject keeps a distance from a line of the object: nearer is a hit."""

    kind: Literal["setback"]
    distance_m: Metres
    measured_from: MeasuringLine


class ApprovalZone(_Frozen):
    """Works between two distances from a line of the object need approval.

    Both ends are measured from the same line; `from_m` is the edge of a stricter zone, which a
    rule of its own governs.
    """

    kind: Literal["within_distance"]
    from_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    to_m: Metres
    measured_from: MeasuringLine

    @model_validator(mode="after")
    def _ends_in_order(self) -> ApprovalZone:
        if self.from_m >= self.to_m:
            raise ValueError("from_m must be less than to_m")
        return self


class BufferBeyond(_Frozen):
    """A distance beyond the zone that other rules draw round the same object.

    `beyond` names setback rules of the same pack; of these the one whose conditions the object
    meets gives the zone.
    """

    kind: Literal["buffer_beyond"]
    distance_m: Metres
    beyond: Annotated[tuple[str, ...], Field(min_length=1)]


class AlongChannel(_Frozen):
    """A distance along the river channel from where the object stands, not a disc."""

    kind: Literal["along_channel"]
    upstream_m: Metres
    downstream_m: Metres


class NoOverlap(_Frozen):
    """The subject shares no ground with the object, or with its land."""

    kind: Literal["no_overlap"]
    measured_from: Literal["boundary", "land_edge"] = "boundary"


class InsideOnly(_Frozen):
    """The subject lies wholly inside the objects: what sticks out is a hit."""

    kind: Literal["inside_only"]


class NoCrossing(_Frozen):
    """The subject does not cross the object."""

    kind: Literal["no_crossing"]


class CrossingNeedsApproval(_Frozen):
    """Where the subject crosses the object an approval is needed."""

    kind: Literal["crossing_needs_approval"]


class CrossingAngle(_Frozen):
    """Where two lines cross, their acute angle is at least so many degrees."""

    kind: Literal["crossing_angle"]
    at_least_deg: Annotated[float, Field(gt=0, le=90)]


class AreaThreshold(_Frozen):
    """The ground that one subject takes of all objects together exceeds an area."""

    kind: Literal["area_threshold"]
    above_ha: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CoverageAtLeast(_Frozen):
    """A share of the subject lies in the objects, or within a distance of them.

    `share` is of the area of an area, of the length of a line; a point is in or out.
    """

    kind: Literal["coverage_at_least"]
    share: Annotated[float, Field(gt=0, le=1)]
    within_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class NoNumericThreshold(_Frozen):
    """The law names no number that a map can measure: never checked, always said."""

    kind: Literal["no_numeric_threshold"]
    near_m: Metres | None = None
    """Say it for objects within this distance only [m]; our choice, no figure of the law."""


Demand = Annotated[
    Setback
    | ApprovalZone
    | BufferBeyond
    | AlongChannel
    | NoOverlap
    | InsideOnly
    | NoCrossing
    | CrossingNeedsApproval
    | CrossingAngle
    | AreaThreshold
    | CoverageAtLeast
    | NoNumericThreshold,
    Field(discriminator="kind"),
]


class Range(_Frozen):
    """What a number must lie between, both ends included."""

    minimum: float | None = None
    maximum: float | None = None


Scalar = bool | int | float | str
Wanted = Range | Scalar | tuple[Scalar, ...]
"""What an attribute must equal, one of what it must equal, or where it must lie.

A field of several values (``;`` between them) needs one of them to be wanted.
"""


class Where(_Frozen):
    """Attributes that subject and object must have for a rule to apply.

    An attribute that is null does not mean that the rule does not apply: the finding is then
    ``not_checked`` and names the field.
    """

    subject: dict[str, Wanted] = Field(default_factory=dict)
    object: dict[str, Wanted] = Field(default_factory=dict)


class When(_Frozen):
    """A day, or a year where no more is known, and how it is known.

    Attributes
    ----------
    on : date or int, optional
        A day, or a bare year; None where nothing is known, which is printed.
    """

    on: date | Annotated[int, Field(ge=1949, le=2100)] | None = None
    confidence: Confidence | None = None

    @model_validator(mode="after")
    def _known_dates_say_how(self) -> When:
        if (self.on is None) != (self.confidence is None):
            raise ValueError("a date has a confidence, an unknown date has none")
        return self


class Basis(_Frozen):
    """Where a rule is written.

    Attributes
    ----------
    law : Text
        Its name; Chinese as promulgated.
    article : str
        As it is cited, such as 第十一条、第十三条; ``-`` where there is none, a note in brackets
        where it was not seen.
    version : int, optional
        Year of the version that was read.
    in_force, repealed : When
        From when and until when; a rule with an unknown date is never dropped.
    confidence : {"text_seen", "secondary_source", "memory"}
        How sure the reading is; shown wherever the rule is shown.
    note : Text, optional
        What is to be checked before relying on it.
    """

    law: Text
    article: str = Field(min_length=1)
    version: int | None = None
    in_force: When = When()
    repealed: When = When()
    source_url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    confidence: Confidence
    note: Text | None = None


class Rule(_Frozen):
    """One demand of one law on one kind of thing near another.

    Attributes
    ----------
    id : str
        Such as ``HWY-02``.
    title, meaning : Text
        Its name, and what it means in plain words of our own.
    subject, object : str
        Kinds of layers: whom it binds, and what it protects.
    where : Where
        Attributes that both must have.
    activity : Text, optional
        What must be done there for the rule to bite, where a layer cannot tell: a hit then
        says where that activity is bound, not that it is planned.
    demand : Demand
        What is measured.
    severity : {"prohibited", "approval_required", "notice"}
        What a hit means.
    basis : Basis, optional
        The law. None for a planning indicator, which is never printed beside an article.
    duty : Text, optional
        Who has to do what after a hit.
    source_rows : tuple of str
        Rows of the table of planning rules that it came from.
    """

    id: str = Field(pattern=r"^[A-Z]{2,6}-\d{2,3}[A-Z]?$")
    title: Text
    meaning: Text
    subject: str = Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")
    object: str = Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")
    where: Where = Where()
    activity: Text | None = None
    demand: Demand
    severity: Severity
    basis: Basis | None = None
    duty: Text | None = None
    source_rows: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _an_indicator_has_no_law(self) -> Rule:
        indicator = isinstance(self.demand, CoverageAtLeast) and self.basis is None
        if self.basis is None and not indicator:
            raise ValueError(f"{self.id}: only a planning indicator may go without a basis")
        if indicator and self.severity != "notice":
            raise ValueError(f"{self.id}: a planning indicator is a notice")
        return self
