/**
 * Runs a swarm of agents under one set of limits: an orchestrator that creates
 * sub-agents and assigns tasks to them (`run`), one agent for each item (`map`), or
 * a graph of agents (`plan`).
 *
 * **Details**
 *
 * - Every call is one of `KimiClient`, with the priority `swarm` and the id of its
 *   agent, so the limits, the budget and the telemetry of the client apply.
 * - One agent goes first until its first token, so that the others find their
 *   common prefix in the host's cache. Then their number grows with each response.
 * - An agent whose call the host refuses for its load returns to the queue and
 *   continues with its history. An error of the account suspends the swarm.
 * - The failure of an agent does not end the others, and every outcome is a value
 *   with the results, the report and the state to continue from.
 * - Results of tools and agents are marked as data in prompts.
 *
 * **Example** (A task for a team)
 *
 * ```ts
 * const result = yield* Swarm.run("Compare the licenses of our dependencies", { tools, limits: { agents: 20 } })
 * yield* Console.log(result.text)
 * ```
 *
 * @since 0.1.0
 */
import type { JournalMismatchError, JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { BudgetExceededError } from "@kimi-effect/core/MoneyErrors"
import { AgentLimitError, DepthLimitError, type InvalidPlanError } from "@kimi-effect/core/SwarmErrors"
import type { InvalidRequestError, ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { KimiClient } from "../KimiClient.ts"
import type { Journal } from "../journal/Journal.ts"
import type { DurableOptions } from "./internal/durable/CurrentRun.ts"
import * as Durable from "./internal/durable/durable.ts"
import type { DurableError } from "./internal/durable/durable.ts"
import { bodyOf } from "./internal/orchestrate.ts"
import * as Given from "./internal/given.ts"
import * as GivenPlan from "./internal/givenPlan.ts"
import { mapNodes } from "./internal/mapNodes.ts"
import * as OwnTools from "./internal/ownTools.ts"
import * as PlanGraph from "./internal/planGraph.ts"
import * as Program from "./internal/program.ts"
import { bodyOfPlan } from "./internal/runPlan.ts"
import type { Emit } from "./internal/Session.ts"
import { start, type StartError } from "./internal/start.ts"
import type { SwarmEvent } from "./SwarmEvent.ts"
import type { MapOptions, RunOptions, SwarmOptions } from "./SwarmOptions.ts"
import type { PlanNode } from "./SwarmPlan.ts"
import type { SwarmResult } from "./SwarmResult.ts"
import type { SwarmProgram, SwarmState } from "./SwarmState.ts"
import type { SwarmStatus } from "./SwarmStatus.ts"

export type { DurableOptions } from "./internal/durable/CurrentRun.ts"
export type { DurableError } from "./internal/durable/durable.ts"

/**
 * Why a swarm with an orchestrator does not start.
 *
 * @category errors
 * @since 0.1.0
 */
export type RunError = StartError | ToolSchemaError | DepthLimitError

/**
 * Why a plan does not start.
 *
 * @category errors
 * @since 0.1.0
 */
export type PlanError = StartError | AgentLimitError | BudgetExceededError | InvalidPlanError

/** The options of a swarm, and the state that it continues from. */
interface Continued {
  readonly from?: SwarmState | undefined
}

const runWith = <R>(
  task: string,
  options: RunOptions<R>,
  { from }: Continued,
  emit?: Emit
): Effect.Effect<SwarmResult, RunError, R | KimiClient> =>
  Effect.gen(function* () {
    yield* Given.checkOptions(options)
    if (options.limits?.depth === 0) {
      return yield* Effect.fail(
        new DepthLimitError({ message: "An orchestrator needs a depth of at least 1", agent: "orchestrator", limit: 0 })
      )
    }
    if (typeof task !== "string" || task.trim() === "") {
      return yield* Effect.fail(Given.invalid("task", "a text that is not empty"))
    }
    yield* OwnTools.checkGrants(options.tools, {
      "orchestrator.tools": options.orchestrator?.tools,
      subAgentTools: options.subAgentTools
    })
    const own = yield* OwnTools.make
    return yield* start({ options, from, emit, hasConclusion: true }, (settings) =>
      Effect.succeed(bodyOf(task, options, own)(settings))
    )
  })

const planWith = <R>(
  nodes: ReadonlyArray<PlanNode>,
  options: SwarmOptions<R>,
  { from }: Continued,
  emit?: Emit
): Effect.Effect<SwarmResult, PlanError, R | KimiClient> =>
  Effect.gen(function* () {
    yield* Given.checkOptions(options)
    yield* GivenPlan.check(nodes)
    const limit = options.limits?.agents ?? 100
    if (nodes.length > limit) {
      const message = `The plan has ${nodes.length} agents, and the swarm may have ${limit}`
      return yield* Effect.fail(new AgentLimitError({ message, limit, requested: nodes.length }))
    }
    const grants = nodes.map(({ agent, id }) => [`agent.tools of ${id}`, agent?.tools] as const)
    yield* OwnTools.checkGrants(options.tools, Object.fromEntries(grants))
    const graph = nodes.map(({ id, inputs = {} }) => ({ id, after: Object.keys(inputs) }))
    const ranks = yield* Effect.fromResult(PlanGraph.check(graph))
    return yield* start({ options, from, emit, hasConclusion: false }, (settings) => bodyOfPlan(settings, nodes, ranks))
  })

/** The nodes of a map. */
const nodesOf = <A, R>(options: MapOptions<A, R>): Effect.Effect<ReadonlyArray<PlanNode>, InvalidRequestError> =>
  Effect.andThen(
    Given.checkOptions(options),
    Effect.suspend(() => Effect.fromResult(mapNodes(options)))
  )

/** A state is of one program: another one would get the results of agents that had other tasks. */
const checkProgram = (state: SwarmState, program: SwarmProgram): Effect.Effect<void, JournalMismatchError> =>
  Effect.suspend(() => {
    const error = Program.mismatch(state.program, program)
    return error === undefined ? Effect.void : Effect.fail(error)
  })

const continuedPlan = <R>(state: SwarmState, nodes: ReadonlyArray<PlanNode>, options: SwarmOptions<R>) =>
  Given.checkState(state).pipe(
    Effect.andThen(GivenPlan.check(nodes)),
    Effect.andThen(Effect.suspend(() => checkProgram(state, Program.ofPlan(nodes)))),
    Effect.andThen(planWith(nodes, options, { from: state }))
  )

const mapWith = <A, R>(options: MapOptions<A, R>, emit?: Emit) =>
  Effect.flatMap(nodesOf(options), (nodes) => planWith(nodes, options, {}, emit))

/** Events that wait for a slow consumer, before the swarm waits for it. */
const eventBuffer = 256

const streamOf = <E, R>(run: (emit: Emit) => Effect.Effect<SwarmResult, E, R>): Stream.Stream<SwarmEvent, E, R> =>
  Stream.callback<SwarmEvent, E, R>(
    (queue) =>
      Effect.flatMap(
        run((event) => Effect.asVoid(Queue.offer(queue, event))),
        (result) => Effect.andThen(Queue.offer(queue, { _tag: "Finished", result }), Queue.end(queue))
      ),
    { bufferSize: eventBuffer, strategy: "suspend" }
  ) as Stream.Stream<SwarmEvent, E, R>

/**
 * Runs a task with an orchestrator. It fails only when the options are invalid,
 * before anything is sent: what happens later is an outcome.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <R = never>(
  task: string,
  options: RunOptions<R> = {}
): Effect.Effect<SwarmResult, RunError, R | KimiClient> => runWith(task, options, {})

/**
 * Runs a task with an orchestrator, as events. The last one is `Finished` with
 * the result. Leaving the stream interrupts the swarm.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stream = <R = never>(
  task: string,
  options: RunOptions<R> = {}
): Stream.Stream<SwarmEvent, RunError, R | KimiClient> => streamOf((emit) => runWith(task, options, {}, emit))

/**
 * Runs one agent for each item, with results in the order of the items.
 *
 * @category constructors
 * @since 0.1.0
 */
export const map = <A, R = never>(options: MapOptions<A, R>): Effect.Effect<SwarmResult, PlanError, R | KimiClient> =>
  mapWith(options)

/**
 * Runs one agent for each item, as events.
 *
 * @category constructors
 * @since 0.1.0
 */
export const mapStream = <A, R = never>(
  options: MapOptions<A, R>
): Stream.Stream<SwarmEvent, PlanError, R | KimiClient> => streamOf((emit) => mapWith(options, emit))

/**
 * Runs a graph of agents. A cycle, an unknown or a duplicate id, and more agents
 * than the swarm may have fail before any of them starts. An agent that does not
 * finish skips those that depend on it, and no others.
 *
 * @category constructors
 * @since 0.1.0
 */
export const plan = <R = never>(
  nodes: ReadonlyArray<PlanNode>,
  options: SwarmOptions<R> = {}
): Effect.Effect<SwarmResult, PlanError, R | KimiClient> => planWith(nodes, options, {})

/**
 * Runs a graph of agents, as events.
 *
 * @category constructors
 * @since 0.1.0
 */
export const planStream = <R = never>(
  nodes: ReadonlyArray<PlanNode>,
  options: SwarmOptions<R> = {}
): Stream.Stream<SwarmEvent, PlanError, R | KimiClient> => streamOf((emit) => planWith(nodes, options, {}, emit))

/**
 * Continues `run` from its state, with the same task and options: after a
 * suspension, with a higher limit, or in another process. Agents continue where
 * they were, and those that were done are not run again. Another task fails with
 * `JournalMismatchError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resume: {
  <R = never>(
    state: SwarmState,
    task: string,
    options?: RunOptions<R>
  ): Effect.Effect<SwarmResult, RunError | JournalMismatchError, R | KimiClient>
  /** Continues a swarm that is recorded in the journal, as `work` does. */
  <E, R>(
    id: string,
    program: Effect.Effect<SwarmResult, E, R>,
    options?: DurableOptions
  ): Effect.Effect<SwarmResult, E | DurableError, R | Journal>
} = <E, R>(
  from: SwarmState | string,
  program: string | Effect.Effect<SwarmResult, E, R>,
  options?: RunOptions<R> & DurableOptions
): Effect.Effect<SwarmResult, E | DurableError | RunError, R | Journal | KimiClient> =>
  typeof from === "string"
    ? work(from, program as Effect.Effect<SwarmResult, E, R>, options)
    : Given.checkState(from).pipe(
        Effect.andThen(Effect.suspend(() => checkProgram(from, Program.ofTask(program as string)))),
        Effect.andThen(runWith(program as string, options ?? {}, { from }))
      )

/**
 * Continues `map` from its state, with the same items and prompts. Others fail with
 * `JournalMismatchError`, which names the items that differ.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resumeMap = <A, R = never>(
  state: SwarmState,
  options: MapOptions<A, R>
): Effect.Effect<SwarmResult, PlanError | JournalMismatchError, R | KimiClient> =>
  Effect.flatMap(nodesOf(options), (nodes) => continuedPlan(state, nodes, options))

/**
 * Continues `plan` from its state, with the same agents and prompts. Others fail
 * with `JournalMismatchError`, which names the agents that differ; a prompt function
 * that returns another text ends the swarm `Failed` with it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resumePlan = <R = never>(
  state: SwarmState,
  nodes: ReadonlyArray<PlanNode>,
  options: SwarmOptions<R> = {}
): Effect.Effect<SwarmResult, PlanError | JournalMismatchError, R | KimiClient> => continuedPlan(state, nodes, options)

/**
 * Records a swarm in the `Journal`, and continues it where it was when a process
 * is killed: calls that were answered are not made again, and tools that must not
 * run twice do not. `program` is one swarm, such as `Swarm.run(task, options)`.
 * Every process that runs it with the same id and journal takes part: each agent,
 * the orchestrator included, is leased to one of them, and a finished swarm
 * returns its result without a call.
 *
 * **Details**
 *
 * - Only a swarm that is `Finished` is over. One that is `Limited`, `Suspended` or
 *   `Failed` continues when it is run again, such as with higher limits.
 * - A program with other tasks, prompts, tools or models fails with
 *   `JournalMismatchError`: at once, or as the outcome when a recorded call differs.
 * - A tool call whose process ended before its result was recorded ends the swarm
 *   with `UncertainToolResultError`, unless the tool is marked as read-only or
 *   idempotent, or `onUncertain` decides.
 *
 * **Gotchas**
 *
 * - Limits of cost and tokens count what was recorded before this process started,
 *   and from then on what it knows: with several processes share a `Budget` and an
 *   `Admission` on Redis. The limit of time begins again in each process.
 * - The times of the report are those of the process that ended the swarm.
 * - Hooks and events of calls that were recorded run in each process.
 *
 * **Example** (A swarm that survives its process)
 *
 * ```ts
 * const program = Swarm.durable("licenses-2026-11", Swarm.run("Compare the licenses of our dependencies", { tools })).pipe(
 *   Effect.provide(Journal.layerSqlite({ filename: "data/journal.db" }))
 * )
 * ```
 *
 * @category durable
 * @since 0.1.0
 */
export const durable: <E, R>(
  id: string,
  program: Effect.Effect<SwarmResult, E, R>,
  options?: DurableOptions
) => Effect.Effect<SwarmResult, E | DurableError, R | Journal> = Durable.durable

/**
 * Records a swarm in the `Journal` as `durable` does, with its events.
 *
 * @category durable
 * @since 0.1.0
 */
export const durableStream: <E, R>(
  id: string,
  program: Stream.Stream<SwarmEvent, E, R>,
  options?: DurableOptions
) => Stream.Stream<SwarmEvent, E | DurableError, R | Journal> = Durable.durableStream

/**
 * Takes part in a swarm that `durable` has started: it leases agents that no other
 * process works on, and returns when the swarm has ended. It fails with
 * `InvalidRequestError` when there is no such swarm.
 *
 * @category durable
 * @since 0.1.0
 */
export const work: <E, R>(
  id: string,
  program: Effect.Effect<SwarmResult, E, R>,
  options?: DurableOptions
) => Effect.Effect<SwarmResult, E | DurableError, R | Journal> = Durable.work

/**
 * The state of a swarm that is recorded in the journal. It is only read: no lease
 * is taken, and nothing is written.
 *
 * @category durable
 * @since 0.1.0
 */
export const status: (id: string) => Effect.Effect<SwarmStatus, InvalidRequestError | JournalStoreError, Journal> =
  Durable.status

/**
 * Ends a swarm that is recorded in the journal, in every process: calls that are
 * being made are interrupted, and its outcome is `Cancelled`, now and when it is run
 * again. A finished swarm keeps its result.
 *
 * @category durable
 * @since 0.1.0
 */
export const cancel: (id: string) => Effect.Effect<void, InvalidRequestError | JournalStoreError, Journal> =
  Durable.cancel
