// SPDX-License-Identifier: Apache-2.0
//
// Milepost for Node: tracks runs of customer journeys inside your own process, durably.

// For `using` and `await using`, as lib.esnext.disposable has them; older compilers lack it.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}

/** 36 characters; written in lower case, read in either. */
export type Uuid = string;
/** A Date, microseconds since the epoch, or RFC 3339 in UTC. A Date has milliseconds only. */
export type InstantLike = Date | bigint | string;
export type Text = string | Uint8Array;

export type RunStatus = 'queued' | 'running' | 'completed' | 'failed' | 'exited';
export type OutcomeKind =
  'created' | 'applied' | 'unchanged' | 'illegal' | 'conflict' | 'not_found';
export type ChangeKind =
  'created' | 'started' | 'completed' | 'failed' | 'exited' | 'adopted' | 'imported' | 'purged' |
  'erased' | 'profile_erased' | 'blanked';
export type ErrorCode =
  'invalid_argument' | 'not_found' | 'busy' | 'outcome_unknown' | 'read_only' | 'closed' |
  'already_open' | 'locked' | 'forked' | 'needs_reopen' | 'snapshot_expired' | 'too_old' |
  'other_store' | 'cancelled' | 'disk_full' | 'map_full' | 'readers_full' | 'pid_clash' |
  'unsupported_filesystem' | 'permission' | 'not_a_database' | 'version' | 'corrupt' | 'io' |
  'out_of_memory' | 'out_of_address_space' | 'internal';

/** A run as it was at one moment. Frozen. */
export class Run {
  private constructor();
  readonly runId: Uuid;
  readonly journeyId: Uuid;
  readonly profileId: Uuid;
  readonly organizationId: Uuid;
  readonly status: RunStatus;
  readonly triggeredAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  /** Exactly while the status is failed. */
  readonly error: string | null;
  readonly owner: string;
  /** Grows with each owner; 0n until started. */
  readonly fencingToken: bigint;
  /** Of the last effect on the run. */
  readonly sequence: bigint;
  /** The instants once more, to the microsecond. */
  readonly micros: {
    readonly triggeredAt: bigint;
    readonly startedAt: bigint | null;
    readonly completedAt: bigint | null;
  };
  /** What JSON.stringify() makes of a run is its exact public response. */
  toJSON(): object;
  /** Whether the status never changes any more. */
  get final(): boolean;
}

/** The answer to one command: a value, not an error. Frozen. */
export class Outcome {
  private constructor();
  readonly kind: OutcomeKind;
  /** The run as it is now; null if there is no such run. */
  readonly run: Run | null;
  /** Whether this very call did it. */
  get applied(): boolean;
  /** Whether it is so now: applied, or unchanged. */
  get holds(): boolean;
  /** The run if the command holds; else throws an OutcomeError. */
  require(): Run;
}

export interface Page {
  readonly runs: readonly Run[];
  /** The cursor of the next page; empty when this is the last one. */
  readonly next: string;
}

export interface JsonPage {
  /** One JSON array of public responses. */
  readonly json: string;
  readonly count: number;
  readonly next: string;
}

export interface Counts {
  readonly queued: number;
  readonly running: number;
  readonly completed: number;
  readonly failed: number;
  readonly exited: number;
}

export interface Change {
  readonly kind: ChangeKind;
  readonly sequence: bigint;
  /** The run as this change left it; of a removed one only its ids are known. */
  readonly run: Run;
}

export interface ChangePage {
  readonly changes: readonly Change[];
  /** `after` of the next page. */
  readonly next: bigint;
  /** The last sequence of the moment the page is of. */
  readonly newest: bigint;
  readonly storeId: Uuid;
}

export interface OpenOptions {
  create?: boolean;
  readOnly?: boolean;
  durability?: 'durable' | 'relaxed';
  waitMaxMs?: number;
  mapSizeStart?: number | bigint;
  mapSizeMax?: number | bigint;
  readersMax?: number;
  recentBytesMax?: number | bigint;
  publishIntervalMs?: number;
  journalSegmentBytes?: number | bigint;
  journalBytesMax?: number | bigint;
  feedRetention?: number | bigint;
  idempotencyKeyLifetimeS?: number;
  snapshotAgeMaxMs?: number;
  relaxedDelayMaxMs?: number;
  relaxedBytesMax?: number | bigint;
  allowUnsupportedFilesystem?: boolean;
  /** Receives what an operator should know; does not keep the event loop alive. */
  log?: (level: 'debug' | 'info' | 'warning' | 'error', text: string) => void;
  /** For tests: time stands still here until setClock(). */
  clock?: InstantLike;
}

export interface Waiting {
  /** Bounds waiting, not a sync under way; 0 never waits. Default: `waitMaxMs` of the tracker. */
  timeoutMs?: number;
}

export interface Scope {
  /** Default: the nil organization. */
  organizationId?: Uuid;
}

export interface StepOptions extends Scope, Waiting {
  owner?: string;
}

export interface StartOptions extends StepOptions {
  leaseMs?: number;
}

export interface FinishOptions extends StepOptions {
  fencingToken?: bigint | number;
}

export interface FailOptions extends FinishOptions {
  onlyIfExpired?: boolean;
}

export interface AdoptOptions extends FinishOptions {
  leaseMs?: number;
  onlyIfExpired?: boolean;
}

export interface CreateCommand extends Scope {
  journeyId: Uuid;
  profileId: Uuid;
  /** Default: a fresh UUIDv7. */
  runId?: Uuid;
  /** Default: now. */
  triggeredAt?: InstantLike;
  idempotencyKey?: Text;
}

export interface ImportCommand extends Scope {
  runId: Uuid;
  journeyId: Uuid;
  profileId: Uuid;
  status: RunStatus;
  triggeredAt: InstantLike;
  startedAt?: InstantLike | null;
  completedAt?: InstantLike | null;
  error?: Text | null;
}

interface Step extends Scope {
  runId: Uuid;
  owner?: string;
}

interface Finish extends Step {
  fencingToken?: bigint | number;
}

/** One command of a batch. */
export type Command =
  | ({kind: 'create'} & CreateCommand)
  | ({kind: 'start'; leaseMs?: number} & Step)
  | ({kind: 'complete' | 'exit'} & Finish)
  | ({kind: 'fail'; error?: Text; onlyIfExpired?: boolean} & Finish)
  | ({kind: 'adopt'; leaseMs?: number; onlyIfExpired?: boolean} & Finish)
  | ({kind: 'heartbeat'; leaseMs: number} & Finish)
  | ({kind: 'import'} & ImportCommand);

/** Which runs: every member that is given must fit. */
export interface Filter extends Scope {
  journeyId?: Uuid;
  profileId?: Uuid;
  statuses?: RunStatus | readonly RunStatus[] | ReadonlySet<RunStatus>;
  /** This instant is in. */
  triggeredFrom?: InstantLike;
  /** This one is not. */
  triggeredTo?: InstantLike;
}

export interface ListOptions extends Filter, Waiting {
  /** 1 to 1,000; default: 100. */
  limit?: number;
  /** `next` of the page before. */
  cursor?: string;
  order?: 'newest_first' | 'oldest_first';
  freshness?: Freshness;
}

/** Everything acknowledged before the call, or what is published already. */
export type Freshness = 'latest' | 'published';

/**
 * One moment of a store, from which all reads agree. They are plain calls. Close it soon: it keeps
 * old pages from being reused, and after `snapshotAgeMaxMs` its calls are `snapshot_expired`.
 */
export class Snapshot {
  private constructor();
  get(runId: Uuid, options?: Scope): Run | null;
  getJson(runId: Uuid, organizationId?: Uuid): string;
  getMany(runIds: Iterable<Uuid>, options?: Scope): (Run | null)[];
  list(options?: ListOptions): Page;
  listJson(options?: ListOptions): JsonPage;
  counts(options?: Scope & {journeyId?: Uuid}): Counts;
  changes(after?: bigint | number, options?: {limit?: number; storeId?: Uuid}): ChangePage;
  /** The last sequence this moment holds. */
  get sequence(): bigint;
  /** Twice is no error. */
  close(): void;
  [Symbol.dispose](): void;
}

/** A place in the change feed: `for await (const change of subscription)`, until stop(). */
export class Subscription implements AsyncIterable<Change> {
  private constructor();
  /** Waits for changes behind the last one delivered; `busy` when the time ran out first. */
  next(options?: {limit?: number} & Waiting): Promise<ChangePage>;
  [Symbol.asyncIterator](): AsyncIterator<Change>;
  /** The sequence of the last change delivered. */
  get position(): bigint;
  /** Ends a wait under way and every later one. */
  stop(): void;
  /** Twice is no error. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * A store, opened. Promises are settled once what they promise is durable; get and getJson are
 * plain calls of microseconds. One process writes to a store, and opens it once.
 */
export class Tracker {
  private constructor();
  /** Opens the store, making it if need be, and recovers what a crash left behind. */
  static open(directory: Text, options?: OpenOptions): Promise<Tracker>;
  /** In a worker thread: the tracker that another thread of this process share()d. */
  static attach(token: bigint): Tracker;
  /** For another thread's attach(). The tracker lives until the thread that opened it closes it. */
  share(): bigint;
  /** Publishes, and releases everything. Calls under way end. Twice is no error. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
  /** The same, waiting for it. */
  closeSync(): void;
  [Symbol.dispose](): void;

  /** Makes a run, in status queued. */
  create(command: CreateCommand, options?: Waiting): Promise<Outcome>;
  /** queued to running. Of two callers racing exactly one is told `applied`. */
  start(runId: Uuid, options?: StartOptions): Promise<Outcome>;
  /** running to completed. */
  complete(runId: Uuid, options?: FinishOptions): Promise<Outcome>;
  /** queued or running to failed, with a text for people; one past 4,096 bytes is cut. */
  fail(runId: Uuid, error?: Text, options?: FailOptions): Promise<Outcome>;
  /** queued or running to exited. */
  exit(runId: Uuid, options?: FinishOptions): Promise<Outcome>;
  /** running, under a new owner with a larger token: its owner died or fell silent. */
  adopt(runId: Uuid, options?: AdoptOptions): Promise<Outcome>;
  /** Begins the run's lease anew. Stores nothing. */
  heartbeat(runId: Uuid, leaseMs: number, options?: FinishOptions): Promise<Outcome>;
  /** Up to 10,000 commands in order, as one durable commit, all or none on a crash. */
  apply(commands: Iterable<Command>, options?: Waiting): Promise<Outcome[]>;

  /** The run, or null if the organization has none of that id. */
  get(runId: Uuid, options?: Scope): Run | null;
  /** The exact public response. Throws a NotFoundError if the organization has no such run. */
  getJson(runId: Uuid, organizationId?: Uuid): string;
  /** The same as a Buffer, ready for a socket. */
  getJsonBytes(runId: Uuid, organizationId?: Uuid): Uint8Array;
  /** Up to 10,000 runs as they were at one moment, in the order asked for. */
  getMany(runIds: Iterable<Uuid>, options?: Scope): Promise<(Run | null)[]>;
  /** One page of the runs that a filter matches. */
  list(options?: ListOptions): Promise<Page>;
  /** The same with each run as its public response, in one JSON array. */
  listJson(options?: ListOptions): Promise<JsonPage>;
  /** All runs that a filter matches, page by page. None comes twice, none is skipped. */
  runs(options?: ListOptions): AsyncIterableIterator<Run>;
  /** Runs per status, exact: of everybody, an organization, or a journey. */
  counts(options?: Scope & Waiting & {journeyId?: Uuid; freshness?: Freshness}): Promise<Counts>;
  /** One page of the change feed, behind the sequence `after`. */
  changes(after?: bigint | number, options?:
    Waiting & {limit?: number; storeId?: Uuid; freshness?: Freshness}): Promise<ChangePage>;
  /** Waits until the run is final; `busy` when the time ran out first. */
  wait(runId: Uuid, options?: Scope & Waiting): Promise<Run>;
  /** One moment of the store. */
  snapshot(options?: Waiting & {freshness?: Freshness}): Promise<Snapshot>;
  /** The feed as it is published, from behind `after`; FROM_NOW: only what is to come. */
  subscribe(after?: bigint | number, options?: {storeId?: Uuid}): Subscription;

  /** One page of the runs that are running under a process that is gone. */
  orphans(options?: Waiting & {limit?: number; cursor?: string}): Promise<Page>;
  /** Running runs whose lease has run out, longest overdue first. */
  expired(options?: {limit?: number}): Promise<readonly Run[]>;
  /** One step of retention: removes finished runs; `next` goes on, and is empty at the end. */
  purge(options: Scope & Waiting & {
    completedBefore: InstantLike; limit?: number; cursor?: string; dryRun?: boolean;
  }): Promise<{readonly removed: number; readonly next: string}>;
  /** Erases every run of a profile, and blanks what the change feed says of them. */
  eraseProfile(profileId: Uuid, options?: Scope & Waiting): Promise<{
    readonly runs: number; readonly changesBlanked: number; readonly sequence: bigint;
    /** Every run of the profile made up to this sequence is gone. */
    readonly through: bigint;
    readonly journalBytes: number; readonly freeBytes: number;
  }>;
  /** One step of failing or exiting all runs that a filter matches. */
  bulk(options: Filter & Waiting & {
    action?: 'fail' | 'exit'; error?: Text; limit?: number; cursor?: string; dryRun?: boolean;
  }): Promise<{
    readonly matched: number; readonly applied: number; readonly next: string;
    readonly sample: readonly Run[];
  }>;
  /** Every run as a line of JSON, in chunks of whole lines: `Readable.from(...)`. */
  exportRuns(options?: Scope & {freshness?: Freshness}): AsyncIterableIterator<Uint8Array>;
  /** Imports lines such as an export writes, from a readable stream or chunks. */
  importRuns(source: Iterable<Text> | AsyncIterable<Text>, options?: Waiting): Promise<{
    readonly lines: number; readonly created: number; readonly unchanged: number;
    readonly refused: number; readonly problems: readonly {line: number; reason: string}[];
  }>;
  /** One step of failing all orphans with one reason; `more`: call again. */
  failOrphans(error?: Text, options?: Waiting & {limit?: number}):
    Promise<{readonly failed: number; readonly more: boolean}>;
  /** Verifies the store as it is at one moment, while others go on. */
  verify(options?: Waiting & WorkOptions & {level?: VerifyLevel}): Promise<WorkReport>;
  /** Copies the store as it is at one moment to a new folder, which appears all at once. */
  backup(to: Text, options?: Waiting & WorkOptions & {compact?: boolean}): Promise<WorkReport>;
  /** Makes everything acknowledged so far visible to other processes. */
  flush(options?: Waiting): Promise<void>;
  /** What an operator wants to know; `prometheus` has it as a page of text. */
  stats(): Promise<Stats>;
  /** The id of the store; a restored backup has another. */
  get storeId(): Uuid;
  /** Effects that other processes cannot see yet. */
  get unpublished(): number;
  /** For tests: sets the clock of a tracker that was opened with `clock`. */
  setClock(instant: InstantLike): void;
}

export interface Stats extends Counts {
  readonly prometheus: string;
  readonly lastError: string;
  readonly trees: readonly {name: string; depth: number; entries: number; bytes: number}[];
  readonly [name: string]: unknown;
}

/** How deep a verify looks; `pages` is for files that are not trusted. */
export type VerifyLevel = 'records' | 'pages';

/** What onProgress throws, and an aborted signal, end a work between two of its steps. */
export interface WorkOptions {
  onProgress?: (progress: {rows: number; bytes: number}) => void;
  signal?: {throwIfAborted(): void};
}

/** What a verify, backup, restore or repair found or did; what has no meaning for it is zero. */
export interface WorkReport {
  /** Whether nothing was found. */
  readonly sound: boolean;
  /** At most 1,000 are kept; all are counted. */
  readonly findings: readonly {kind: string; where: string; text: string}[];
  readonly findingsCount: number;
  readonly runs: number;
  readonly rows: number;
  readonly changes: number;
  readonly pages: number;
  /** Effects that only the journal held. */
  readonly journaled: number;
  /** The last effect held. */
  readonly sequence: bigint;
  /** Of a repair: records that failed their checks and were left behind. */
  readonly lost: number;
  /** Of a backup or restore: of the copy. */
  readonly bytes: number;
  /** Of a restore: the id of the new store. */
  readonly storeId: Uuid;
}

/** Verifies a store that no process has open for writing. Any file gets a report. */
export function verify(
  directory: Text, options?: WorkOptions & {level?: VerifyLevel}): Promise<WorkReport>;
/** Makes a new store at `to` from every run at `from` that is whole; `from` is only read. */
export function repair(from: Text, to: Text, options?: WorkOptions): Promise<WorkReport>;
/** Makes a store from a backup, verified first; what is replaced moves to `DIRECTORY.replaced`. */
export function restore(
  backup: Text, directory: Text, options?: WorkOptions & {replace?: boolean}): Promise<WorkReport>;

/** A call failed. The message says about what, what was wrong, and what to do. */
export class MilepostError extends Error {
  readonly code: ErrorCode;
  readonly number: number;
  /** `errno` or LMDB's number; 0 when there is none. */
  readonly system: number;
  /** Whether the call changed the store all the same. */
  readonly applied: 'no' | 'yes' | 'unknown';
  /** Whether the same call may simply be made again. */
  readonly retrySafe: boolean;
}
export class InvalidArgumentError extends MilepostError {}
export class NotFoundError extends MilepostError {}
export class BusyError extends MilepostError {}
export class OutcomeUnknownError extends MilepostError {}
export class ClosedError extends MilepostError {}
export class LockedError extends MilepostError {}
export class ForkedError extends MilepostError {}
export class CancelledError extends MilepostError {}

/** Thrown by Outcome.require() only. */
export class OutcomeError extends Error {
  readonly outcome: Outcome;
}

/** As `after` of subscribe(): only what is published from now on. */
export const FROM_NOW: bigint;
/** The version of the library that is loaded. */
export const version: string;
/** The id in lower case; throws unless it is a 36-character text of either case. */
export function parseUuid(text: string): Uuid;
/** RFC 3339 in UTC, with the fewest of 0, 3 or 6 fraction digits that lose nothing. */
export function formatInstant(instant: InstantLike): string;
/** Microseconds since the epoch; digits past them are cut. */
export function parseInstant(text: string): bigint;
