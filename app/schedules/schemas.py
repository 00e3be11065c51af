"""What the refresh schedule, bulk schedules and the running of all exports look like on the wire."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from app.exports.schemas import Export, Schedule
from app.http.schemas import Input, OnePage, Output, Timestamp
from app.runs.schemas import Run
from app.schedule_times import check_zone

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Times = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]],
    Field(
        min_length=1,
        max_length=4,
        description="one to four times a day, HH:MM; when a refresh starts",
        examples=[["03:00", "15:00"]],
    ),
]


class RefreshScheduleUpdate(Input):
    """The refresh schedule; what is absent stays as it is, so it can be switched off and on alone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "enabled": True,
                    "frequency": "weekly",
                    "days": ["monday", "thursday"],
                    "time_zone": "Europe/Berlin",
                    "times": ["03:00"],
                }
            ]
        }
    )

    enabled: bool
    frequency: Literal["weekly", "daily"] | None = None
    days: list[Day] | None = Field(
        None, max_length=7, description="for weekly: one or more; for daily: none"
    )
    time_zone: (
        Annotated[str, StringConstraints(max_length=64), AfterValidator(check_zone)] | None
    ) = Field(
        None,
        description="of the IANA database, see /v1/schedule/time-zones",
        examples=["Europe/Berlin"],
    )
    times: Times | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.days is not None and (self.frequency or "weekly") == "daily" and self.days:
            msg = "days: a weekly schedule has one or more, a daily one none"
            raise ValueError(msg)
        if self.frequency == "weekly" and self.days == []:
            msg = "days: a weekly schedule has one or more, a daily one none"
            raise ValueError(msg)
        for values in (self.days, self.times):
            if values is not None and len(set(values)) != len(values):
                msg = "days and times must not be repeated"
                raise ValueError(msg)
        return self


class RefreshSchedule(Output):
    """The system's refresh schedule (L56-L61); every export in mode `system` runs with it."""

    enabled: bool
    frequency: Literal["weekly", "daily"]
    days: list[Day]
    time_zone: str
    times: list[str]
    next_run_at: Timestamp | None = Field(description="null while the schedule is off")
    updated_at: Timestamp | None = Field(description="null as long as nobody set it")
    updated_by: str | None
    updated_by_name: str | None


class NextTimes(Output):
    """When a schedule would start runs."""

    items: list[Timestamp] = Field(description="in order; fewer than asked for if it ends before")
    next_cursor: OnePage = None


class TimeZone(Output):
    """A time zone a schedule may name."""

    name: str = Field(examples=["Europe/Berlin"])
    utc_offset: str = Field(description="now", examples=["+01:00"])


class TimeZones(Output):
    """Every time zone, by name."""

    items: list[TimeZone]
    next_cursor: OnePage = None


class BulkSchedule(Input):
    """New schedules for several exports at once (L43)."""

    export_ids: list[Annotated[str, StringConstraints(max_length=80)]] = Field(
        min_length=1, max_length=200
    )
    mode: Literal["keep", "override"] = Field(
        description="`keep`: every export keeps its own schedule, only switched on or off by `enabled`; "
        "`override`: all get `schedule`"
    )
    enabled: bool | None = Field(None, description="false is mode manual; what was set is kept")
    schedule: Schedule | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.mode == "keep" and (self.enabled is None or self.schedule is not None):
            msg = "keep needs enabled and takes no schedule"
            raise ValueError(msg)
        if self.mode == "override" and self.schedule is None:
            msg = "override needs schedule"
            raise ValueError(msg)
        return self


class BulkScheduled(Output):
    """The exports with their new schedules, in the order asked for."""

    items: list[Export]
    next_cursor: OnePage = None


class RunSelection(Input):
    """Which exports to run; all of them, if it is left out."""

    export_ids: list[Annotated[str, StringConstraints(max_length=80)]] | None = Field(
        None, min_length=1, max_length=200, description="all whose schedule is on, if absent"
    )
    force: bool = Field(
        default=False,
        description="read and compare also where a mirror's sources say that nothing has changed",
    )


class NotStarted(Output):
    """An export that did not run, and why."""

    export_id: str
    display_name: str
    code: str = Field(examples=["schedule-off", "run-already-active", "export-detached"])
    detail: str
    run_id: str | None = Field(description="the run that is active already")


class AllRuns(Output):
    """What running all exports began."""

    started: list[Run]
    not_started: list[NotStarted]
