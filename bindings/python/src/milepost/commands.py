# SPDX-License-Identifier: Apache-2.0
"""Commands for Tracker.apply(), which does many of them in one durable commit."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from .values import Command, CommandKind, RunStatus


def create(journey_id: UUID, profile_id: UUID, *, run_id: UUID | None = None,
           organization_id: UUID | None = None, triggered_at: datetime | None = None,
           idempotency_key: str | bytes | None = None) -> Command:
    """Makes a run, in status queued."""
    return Command(kind=CommandKind.CREATE, run_id=run_id, journey_id=journey_id,
                   profile_id=profile_id, organization_id=organization_id,
                   triggered_at=triggered_at, idempotency_key=idempotency_key)


def start(run_id: UUID, *, owner: str | None = None, lease: timedelta | None = None,
          organization_id: UUID | None = None) -> Command:
    """queued to running."""
    return Command(kind=CommandKind.START, run_id=run_id, owner=owner, lease=lease,
                   organization_id=organization_id)


def complete(run_id: UUID, *, owner: str | None = None, fencing_token: int | None = None,
             organization_id: UUID | None = None) -> Command:
    """running to completed."""
    return Command(kind=CommandKind.COMPLETE, run_id=run_id, owner=owner,
                   fencing_token=fencing_token, organization_id=organization_id)


def fail(run_id: UUID, error: str | bytes = "", *, owner: str | None = None,
         fencing_token: int | None = None, only_if_expired: bool = False,
         organization_id: UUID | None = None) -> Command:
    """queued or running to failed, with a text for people."""
    return Command(kind=CommandKind.FAIL, run_id=run_id, error=error, owner=owner,
                   fencing_token=fencing_token, only_if_expired=only_if_expired,
                   organization_id=organization_id)


def exit(run_id: UUID, *, owner: str | None = None, fencing_token: int | None = None,
         organization_id: UUID | None = None) -> Command:
    """queued or running to exited."""
    return Command(kind=CommandKind.EXIT, run_id=run_id, owner=owner,
                   fencing_token=fencing_token, organization_id=organization_id)


def adopt(run_id: UUID, *, owner: str | None = None, fencing_token: int | None = None,
          lease: timedelta | None = None, only_if_expired: bool = False,
          organization_id: UUID | None = None) -> Command:
    """running, under a new owner with a larger token."""
    return Command(kind=CommandKind.ADOPT, run_id=run_id, owner=owner,
                   fencing_token=fencing_token, lease=lease, only_if_expired=only_if_expired,
                   organization_id=organization_id)


def heartbeat(run_id: UUID, lease: timedelta, *, owner: str | None = None,
              fencing_token: int | None = None, organization_id: UUID | None = None) -> Command:
    """Begins the run's lease anew."""
    return Command(kind=CommandKind.HEARTBEAT, run_id=run_id, lease=lease, owner=owner,
                   fencing_token=fencing_token, organization_id=organization_id)


def import_run(run_id: UUID, journey_id: UUID, profile_id: UUID, status: RunStatus,
               triggered_at: datetime, *, started_at: datetime | None = None,
               completed_at: datetime | None = None, error: str | bytes | None = None,
               organization_id: UUID | None = None) -> Command:
    """Makes a run in any status, with its own instants."""
    return Command(kind=CommandKind.IMPORT, run_id=run_id, journey_id=journey_id,
                   profile_id=profile_id, status=status, triggered_at=triggered_at,
                   started_at=started_at, completed_at=completed_at, error=error,
                   organization_id=organization_id)
