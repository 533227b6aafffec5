// SPDX-License-Identifier: Apache-2.0
//
// Compiled, never run: what the declarations must accept and what they must refuse.
import {BusyError, MilepostError, Outcome, Run, Tracker} from 'milepost';

export async function accepted(tracker: Tracker): Promise<Run | null> {
  const outcome: Outcome = await tracker.create({journeyId: 'j', profileId: 'p'});
  await tracker.apply([{kind: 'start', runId: 'r', leaseMs: 5}, {kind: 'exit', runId: 'r'}]);
  for await (const run of tracker.runs({statuses: ['failed'], order: 'oldest_first'})) {
    const at: Date = run.triggeredAt;
    const token: bigint = run.fencingToken;
    console.log(at, token);
  }
  for await (const change of tracker.subscribe(7n)) console.log(change.kind === 'purged');
  try {
    tracker.getJson('r').length;
  } catch (error) {
    if (error instanceof BusyError && error.code === 'busy') throw error as MilepostError;
  }
  return outcome.run;
}

export async function refused(tracker: Tracker): Promise<void> {
  // @ts-expect-error: a profile is missing
  await tracker.create({journeyId: 'j'});
  // @ts-expect-error: no such status
  await tracker.list({statuses: 'open'});
  // @ts-expect-error: a heartbeat needs a lease
  await tracker.apply([{kind: 'heartbeat', runId: 'r'}]);
  // @ts-expect-error: made by open() only
  new Tracker();
  const run = tracker.get('r');
  // @ts-expect-error: there may be none
  console.log(run.status);
  // @ts-expect-error: a run never changes
  if (run) run.status = 'failed';
}
