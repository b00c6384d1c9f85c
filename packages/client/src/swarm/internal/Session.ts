/** A swarm that runs: its agents, what they have used, and what ends it. */
import type { BudgetExceededError } from "@kimi-effect/core/MoneyErrors"
import type { AgentLimitError } from "@kimi-effect/core/SwarmErrors"
import type { SwarmRecorder } from "@kimi-effect/core/internal/SwarmMetrics"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { AgentError } from "../../agent/AgentResult.ts"
import type { AgentState } from "../../agent/AgentState.ts"
import { returned } from "../../agent/internal/loop/returned.ts"
import type { KimiClient } from "../../KimiClient.ts"
import type { SwarmEvent } from "../SwarmEvent.ts"
import type { SwarmAgentError } from "../SwarmResult.ts"
import type { CreatedAgent, SwarmProgram, SwarmState } from "../SwarmState.ts"
import type { AgentQueue } from "./AgentQueue.ts"
import type { SwarmBudget } from "./SwarmBudget.ts"
import * as Assignments from "./assignments.ts"
import type { Entry, Recorder } from "./Recorder.ts"
import { type DurableRun, resourceOf } from "./durable/DurableRun.ts"
import type { Settings } from "./Settings.ts"
import { Used } from "./Used.ts"
import { agentOutcome, type SwarmSpan, withoutSpan } from "./spans.ts"

/** What ends a swarm before its agents are done. */
export type Stop =
  | { readonly _tag: "Limited"; readonly error: AgentError }
  | { readonly _tag: "Suspended"; readonly error: SwarmAgentError; readonly agent: string }
  | { readonly _tag: "Failed"; readonly error: SwarmAgentError }
  | { readonly _tag: "Cancelled" }

export type Emit = (event: SwarmEvent) => Effect.Effect<void>

/** The id of the orchestrator. */
export const orchestrator = "orchestrator"

/** How the ids of its conclusions begin. */
export const conclusionId = `${orchestrator} conclusion`

export interface SessionDependencies<R> {
  readonly settings: Settings<R>
  readonly clock: Clock.Clock
  readonly queue: AgentQueue
  readonly budget: SwarmBudget | undefined
  readonly recorder: Recorder
  readonly metrics: SwarmRecorder
  readonly span: SwarmSpan
  readonly emit: Emit
  readonly services: Context.Context<R | KimiClient>
  readonly run: DurableRun | undefined
  readonly program: SwarmProgram
}

export class Session<R> {
  readonly settings: Settings<R>
  readonly queue: AgentQueue
  readonly budget: SwarmBudget | undefined
  readonly recorder: Recorder
  readonly metrics: SwarmRecorder
  readonly emit: Emit
  /** What hooks of agents need, without the span of the swarm: each runs in that of its agent. */
  readonly services: Context.Context<R | KimiClient>
  /** The run of a journal that the swarm is recorded in. */
  readonly run: DurableRun | undefined
  readonly #program: SwarmProgram
  readonly stop = Deferred.makeUnsafe<Stop>()
  /** The latest states of the agents, by their ids. */
  readonly states = new Map<string, AgentState>()
  /** Where agents were whose leases were lost. Their calls are counted when they are replayed from the beginning. */
  readonly abandoned = new Map<string, AgentState>()
  readonly created: Array<CreatedAgent> = []
  /** Sub-agents that have been planned, by their ids. */
  readonly planned = new Set<string>()
  /** Turns that exceed a limit, as `<agent>/<step>`. Nothing of them runs. */
  readonly refusedCalls = new Map<string, AgentError>()
  readonly refusedPlans = new Map<string, AgentLimitError | BudgetExceededError>()
  /** The first limit of the swarm that was reached. */
  limit: AgentError | AgentLimitError | undefined
  /** Tool calls without those that concern sub-agents. */
  readonly toolCalls = new Used()
  /** Turns whose tool calls are counted, as `<agent>/<step>`. */
  readonly countedCalls = new Set<string>()
  readonly tokens = new Used()
  /** What all responses have cost so far. */
  costs: AgentState["costs"] = []
  /** Whether this process counts how the swarm ends. One that is recorded is counted by the process that ends it. */
  countsEnd: boolean
  /** Waits for the account. */
  #suspension: Deferred.Deferred<void> | undefined
  readonly #clock: Clock.Clock
  readonly #span: SwarmSpan

  constructor(dependencies: SessionDependencies<R>) {
    const { budget, clock, emit, metrics, queue, program, recorder, run, services, settings, span } = dependencies
    this.settings = settings
    this.queue = queue
    this.budget = budget
    this.recorder = recorder
    this.emit = emit
    this.services = withoutSpan(services)
    this.run = run
    this.#program = program
    this.countsEnd = run === undefined
    this.metrics = metrics
    this.#span = span
    this.#clock = clock
  }

  get now(): number {
    return MonotonicClock.millisUnsafe(this.#clock)
  }

  get state(): SwarmState {
    return {
      version: 1,
      id: this.settings.id,
      program: this.#program,
      created: [...this.created],
      assignments: Assignments.fromEntries(this.recorder.entries.values()),
      agents: Object.fromEntries(this.states)
    }
  }

  /** Keeps the state of an agent, and stores that of the swarm. */
  checkpoint(id: string, state: AgentState): Effect.Effect<void, InvalidRequestError> {
    return Effect.suspend(() => {
      this.states.set(id, state)
      const { checkpoint } = this.settings.options
      return checkpoint === undefined ? Effect.void : this.#endIfInvalid(returned("checkpoint", checkpoint(this.state)))
    })
  }

  /** Ends the swarm, since the function of its options would fail for every agent. */
  #endIfInvalid<A, E extends SwarmAgentError>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.tapError(effect, (error) => this.end({ _tag: "Failed", error }))
  }

  /** An agent begins to work in this process, and leaves what it has of the limits when it ends. */
  during<A, E, R2>(
    { depth, id }: { readonly id: string; readonly depth: number },
    work: Effect.Effect<A, E, R2>
  ): Effect.Effect<A, E, R2> {
    return Effect.suspend(() => {
      this.budget?.begin(id, depth === 0)
      return work
    }).pipe(Effect.ensuring(Effect.suspend(() => this.#left(id))))
  }

  #left(id: string): Effect.Effect<void> {
    this.budget?.end(id)
    return this.queue.leave(id)
  }

  /** Completes what is known about an agent, which has its outcome. */
  ended(entry: Entry): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { isRestored, job, outcome, start } = entry
      if (outcome === undefined) return Effect.void
      // One that was skipped has never begun.
      this.budget?.end(job.id)
      this.recorder.end(job.id, this.now)
      // The process in which a recorded outcome came about has counted it.
      if (job.depth > 0 && !isRestored) {
        const millis = start === undefined || entry.end === undefined ? undefined : entry.end - start
        this.metrics.agentEnded(agentOutcome(outcome), millis)
      }
      return this.emit({
        _tag: "AgentFinished",
        agent: job.id,
        outcome: outcome._tag,
        ...(outcome._tag === "Stopped" ? { error: outcome.error._tag } : {})
      })
    })
  }

  /** Whether an agent was done before this run, so that it makes no call. */
  isDone(id: string): boolean {
    return this.states.get(id)?.finishReason !== undefined || this.run?.stateOf(resourceOf(id)) === "Completed"
  }

  /** Remembers a limit of the swarm that was reached. */
  limited<E extends AgentError | AgentLimitError>(error: E): E {
    this.limit ??= error
    return error
  }

  /** Whether a step of an agent was counted before its lease was lost. */
  isCounted(agent: string, step: number): boolean {
    return step <= (this.abandoned.get(agent)?.steps ?? 0)
  }

  /** Ends the swarm. */
  end(stop: Stop): Effect.Effect<void> {
    return Effect.asVoid(Deferred.succeed(this.stop, stop))
  }

  /**
   * The account cannot make calls: waits until it can, or ends the swarm once the
   * agents whose calls are running have had their responses.
   */
  suspended(agent: string, error: SwarmAgentError): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#suspension !== undefined) return Deferred.await(this.#suspension)
      const suspension = Deferred.makeUnsafe<void>()
      this.#suspension = suspension
      const { onSuspended } = this.settings.options
      const reason = error._tag
      this.metrics.suspended(reason)
      const begun = this.queue.suspend.pipe(
        Effect.andThen(this.#span.suspended(reason)),
        Effect.andThen(this.emit({ _tag: "Suspended", agent, reason }))
      )
      if (onSuspended === undefined) {
        const end = Effect.andThen(this.queue.idle, this.end({ _tag: "Suspended", error, agent }))
        return Effect.andThen(Effect.andThen(begun, end), Effect.never)
      }
      const retryAfter = "retryAfter" in error ? error.retryAfter : undefined
      const suspended = onSuspended({
        reason,
        agent,
        ...(retryAfter === undefined ? {} : { retryAfterMillis: Duration.toMillis(retryAfter) })
      })
      const waited = Effect.catch(this.#endIfInvalid(returned("onSuspended", suspended)), () => Effect.never)
      const resumed = Effect.andThen(this.#span.resumed, this.emit({ _tag: "Resumed" }))
      const over = Effect.suspend(() => {
        this.#suspension = undefined
        return Effect.andThen(this.queue.resume, Deferred.succeed(suspension, undefined))
      })
      return begun.pipe(Effect.andThen(waited), Effect.andThen(resumed), Effect.ensuring(over))
    })
  }
}
