/** The run of a swarm in a journal: which agents this process may work on, and what the others have done. */
import { type JournalMismatchError, type JournalStoreError, LeaseLostError } from "@kimi-effect/core/JournalErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as ClientMoney from "../../../internal/clientMoney.ts"
import { KimiClient } from "../../../KimiClient.ts"
import type { Calls, Journal, Lease, Recorded, ResourceStatus, RunStatus, Worker } from "../../../journal/Journal.ts"
import type { SwarmProgram } from "../../SwarmState.ts"
import * as Program from "../program.ts"
import type { DurableOptions, RunRequest } from "./CurrentRun.ts"

/** The resource of the swarm as a whole: its conclusion and its result. */
export const wholeSwarm = "swarm"

const endPrefix = "ended/"

/** The entry of how a swarm ended before it was finished, after so many recorded calls of its agents. */
export const endKey = (outcome: string, calls: number): string => `${endPrefix}${outcome}/${calls}`

export const isEndKey = (key: string): boolean => key.startsWith(endPrefix)

/** The resource of an agent. Models name agents, so the name of the whole must not be possible. */
export const resourceOf = (agent: string): string => `agent/${agent}`

/** The agent of a resource. */
export const agentOf = (resource: string): string | undefined =>
  resource.startsWith("agent/") ? resource.slice("agent/".length) : undefined

/** The calls of an agent: those of its lease, or those that another process records. */
export interface AgentCalls {
  readonly lease: Lease | undefined
  readonly call: Calls["call"]
  readonly resolve: Calls["resolve"]
}

export const notLeased = (agent: string): LeaseLostError =>
  new LeaseLostError({ message: `Another process works on the agent ${agent}`, resource: agent, epoch: 0 })

export class DurableRun {
  readonly id: string
  readonly options: DurableOptions
  /** The model of requests that name none. */
  readonly defaultModel: string | undefined
  /** The agents that this process works on or follows, by their ids. */
  readonly calls = new Map<string, AgentCalls>()
  readonly #scopes = new Map<string, Scope.Scope>()
  readonly #journal: Journal["Service"]
  readonly #worker: Worker
  readonly #interval: Duration.Duration
  #status: RunStatus | undefined
  #changed = Deferred.makeUnsafe<void>()

  constructor({ id, journal, options }: RunRequest, worker: Worker, defaultModel: string | undefined) {
    this.id = id
    this.defaultModel = defaultModel
    this.options = options
    this.#journal = journal
    this.#worker = worker
    this.#interval = OptionRules.durationOf(options.pollInterval ?? "500 millis")
  }

  get isCancelled(): boolean {
    return this.#status?.isCancelled === true
  }

  /** The state of a resource when it was read last. */
  stateOf(resource: string): ResourceStatus["state"] | undefined {
    return this.#status?.resources.find((one) => one.resource === resource)?.state
  }

  /** The resources of the run when its state was read last. */
  get resources(): ReadonlyArray<string> {
    return this.#status?.resources.map(({ resource }) => resource) ?? []
  }

  /** Results that were recorded when the state of the run was read last. */
  get recordedCalls(): number {
    return this.#status?.calls ?? 0
  }

  /** The recorded results of a resource. */
  results(resource: string): Effect.Effect<ReadonlyArray<Recorded>, JournalStoreError> {
    return this.#journal.results(this.id, resource)
  }

  /** Reads the state of the run. */
  get refresh(): Effect.Effect<void, JournalStoreError> {
    return Effect.flatMap(this.#journal.status(this.id), (status) => {
      this.#status = status
      const changed = this.#changed
      this.#changed = Deferred.makeUnsafe<void>()
      return Effect.asVoid(Deferred.succeed(changed, undefined))
    })
  }

  /** Waits until the state of the run is read again. */
  get changed(): Effect.Effect<void> {
    return Effect.suspend(() => Deferred.await(this.#changed))
  }

  /** Waits for the poll interval, and reads the state. */
  get polled(): Effect.Effect<void, JournalStoreError> {
    return Effect.andThen(
      Effect.sleep(this.#interval),
      Effect.suspend(() => this.refresh)
    )
  }

  /** Reads the state again and again, until the run is cancelled or the journal fails. */
  get watched(): Effect.Effect<void, JournalStoreError> {
    return Effect.repeat(this.polled, { until: () => this.isCancelled })
  }

  /** Adds resources that are missing. */
  add(...resources: ReadonlyArray<string>): Effect.Effect<void, JournalStoreError> {
    const missing = resources.filter((resource) => this.stateOf(resource) === undefined)
    return missing.length === 0 ? Effect.void : this.#worker.add(missing)
  }

  /** Leases a resource, if no other process has it. */
  claim(resource: string): Effect.Effect<Lease | undefined, JournalStoreError, Scope.Scope> {
    return Effect.map(this.#worker.claim({ limit: 1, resource }), ([lease]) => lease)
  }

  /** The recorded calls of a resource. */
  read(resource: string): Effect.Effect<Calls, JournalStoreError> {
    return this.#worker.read(resource)
  }

  /** Keeps the leases that `work` acquires for an agent until it ends. */
  during<A, E, R>(agent: string, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.scopedWith((scope) =>
      Effect.acquireUseRelease(
        Effect.sync(() => void this.#scopes.set(agent, scope)),
        () => work,
        () =>
          Effect.sync(() => {
            this.#scopes.delete(agent)
            this.calls.delete(agent)
          })
      )
    )
  }

  /** Leases an agent, or fails with `LeaseLostError` while another process has it. */
  acquire(agent: string): Effect.Effect<void, JournalStoreError | LeaseLostError> {
    return Effect.suspend(() => {
      const scope = this.#scopes.get(agent)
      if (scope === undefined || this.calls.has(agent)) return Effect.void
      return Effect.flatMap(this.#lease(agent, scope), (isLeased) =>
        isLeased ? Effect.void : Effect.fail(notLeased(agent))
      )
    })
  }

  /** Leases an agent until its scope closes, if no other process has it. */
  #lease(agent: string, scope: Scope.Scope): Effect.Effect<boolean, JournalStoreError> {
    return Effect.map(Scope.provide(this.claim(resourceOf(agent)), scope), (lease) => {
      if (lease !== undefined) this.calls.set(agent, { lease, call: lease.call, resolve: lease.resolve })
      return lease !== undefined
    })
  }

  /** Whether another process works on an agent, or has worked on it, and this one only replays it. */
  isFollowed(agent: string): boolean {
    const calls = this.calls.get(agent)
    return calls !== undefined && calls.lease === undefined
  }

  /** Leases an agent, or follows the process that works on it, and continues in its place when it ends. */
  follow(agent: string): Effect.Effect<void, JournalStoreError> {
    return Effect.catchTag(this.acquire(agent), "LeaseLostError", () =>
      Effect.sync(() => {
        this.calls.set(agent, {
          lease: undefined,
          call: (options, effect) => this.#followed(agent, (calls) => calls.call(options, effect)),
          resolve: (options, resolution) => this.#followed(agent, (calls) => calls.resolve(options, resolution))
        })
      })
    )
  }

  /** Waits until a call is recorded, or until the agent can be leased. */
  #followed<A, E, R>(
    agent: string,
    call: (calls: Calls) => Effect.Effect<A, E | JournalStoreError | LeaseLostError, R>
  ): Effect.Effect<A, E | JournalStoreError | LeaseLostError, R> {
    const resource = resourceOf(agent)
    const next: Effect.Effect<A, E | JournalStoreError | LeaseLostError, R> = Effect.suspend(() => {
      const lease = this.calls.get(agent)?.lease
      if (lease !== undefined) return call(lease)
      const state = this.stateOf(resource)
      const isLost = (error: unknown): error is LeaseLostError => error instanceof LeaseLostError
      return Effect.catchIf(Effect.flatMap(this.read(resource), call), isLost, (error) => {
        // What was read after the agent was completed is all that there is.
        if (state === "Completed") return Effect.fail(error)
        const waited = Effect.suspend(() => (this.calls.get(agent)?.lease === undefined ? this.changed : Effect.void))
        const taken = state === "Leased" ? Effect.void : this.#takeOver(agent)
        return taken.pipe(Effect.andThen(waited), Effect.andThen(next))
      })
    })
    return next
  }

  /** Leases an agent that no process works on any more. One of several calls gets the lease, which the others use too. */
  #takeOver(agent: string): Effect.Effect<void, JournalStoreError> {
    return Effect.suspend(() => {
      const scope = this.#scopes.get(agent)
      const isDone = scope === undefined || this.calls.get(agent)?.lease !== undefined
      return isDone ? Effect.void : Effect.asVoid(this.#lease(agent, scope))
    })
  }
}

/** Names what has changed in place of two headers. */
const changesOf =
  (program: SwarmProgram) =>
  (error: JournalMismatchError): JournalMismatchError => {
    const [, kind = "", digest = ""] = /^swarm\/(\w+)\/(.*)$/s.exec(error.recorded) ?? []
    const recorded = Program.decode(kind, digest)
    return recorded === undefined ? error : (Program.mismatch(recorded, program) ?? error)
  }

const headerKind = ({ kind }: SwarmProgram): string => `swarm/${kind}`

/** Starts or joins the run of a swarm. A swarm of another kind, task or plan is another program. */
export const open = (
  request: RunRequest,
  program: SwarmProgram
): Effect.Effect<DurableRun, JournalMismatchError | JournalStoreError, KimiClient> =>
  Effect.gen(function* () {
    const header = { kind: headerKind(program), digest: Program.encode(program) }
    const joined = request.journal.join(request.id, header)
    const worker = yield* Effect.mapError(joined, (error) =>
      error._tag === "JournalMismatchError" ? changesOf(program)(error) : error
    )
    const money = yield* ClientMoney.of(yield* KimiClient)
    const run = new DurableRun(request, worker, money?.defaultModel)
    yield* run.refresh
    yield* run.add(wholeSwarm)
    return run
  })
