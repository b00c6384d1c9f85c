/** What programs do with swarms that are recorded in a journal. */
import type { JournalMismatchError, JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { Journal, type ResourceStatus, type RunStatus } from "../../../journal/Journal.ts"
import type { SwarmEvent } from "../../SwarmEvent.ts"
import type { SwarmResult } from "../../SwarmResult.ts"
import type { AgentStatus, SwarmStatus } from "../../SwarmStatus.ts"
import * as Given from "../given.ts"
import { CurrentRun, type DurableOptions, type RunRequest } from "./CurrentRun.ts"
import { agentOf, isEndKey, wholeSwarm } from "./DurableRun.ts"

export type DurableError = InvalidRequestError | JournalMismatchError | JournalStoreError

const requestOf = (
  id: string,
  program: unknown,
  options: DurableOptions
): Effect.Effect<RunRequest, InvalidRequestError, Journal> =>
  Effect.gen(function* () {
    yield* Given.checkId(id)
    yield* Given.checkProgram(program)
    if (!Given.isObject(options)) return yield* Effect.fail(Given.invalid("options", "an object"))
    const [, isMet, expected] = OptionRules.millisecondDuration("pollInterval", options.pollInterval)
    if (!isMet) {
      return yield* Effect.fail(Given.invalid("pollInterval", expected))
    }
    if (options.onUncertain !== undefined && !Predicate.isFunction(options.onUncertain)) {
      return yield* Effect.fail(Given.invalid("onUncertain", "a function that returns an Effect"))
    }
    return { id, options, journal: yield* Journal, failed: Deferred.makeUnsafe() }
  })

export const durable = <E, R>(
  id: string,
  program: Effect.Effect<SwarmResult, E, R>,
  options: DurableOptions = {}
): Effect.Effect<SwarmResult, E | DurableError, R | Journal> =>
  Effect.flatMap(requestOf(id, program, options), (request) =>
    Effect.raceFirst(Effect.provideService(program, CurrentRun, request), Deferred.await(request.failed))
  )

export const durableStream = <E, R>(
  id: string,
  program: Stream.Stream<SwarmEvent, E, R>,
  options: DurableOptions = {}
): Stream.Stream<SwarmEvent, E | DurableError, R | Journal> =>
  Stream.unwrap(
    Effect.map(requestOf(id, program, options), (request) =>
      Stream.merge(
        Stream.provideService(program, CurrentRun, request),
        Stream.fromEffect(Deferred.await(request.failed)),
        { haltStrategy: "left" }
      )
    )
  )

const unknown = (id: string): InvalidRequestError =>
  new InvalidRequestError({ message: `The journal has no swarm ${id}; Swarm.durable starts one`, parameter: "id" })

/** The state of a run that exists. */
const existing = (id: string): Effect.Effect<RunStatus, InvalidRequestError | JournalStoreError, Journal> =>
  Effect.gen(function* () {
    yield* Given.checkId(id)
    const status = yield* (yield* Journal).status(id)
    return status?.header.kind.startsWith("swarm/") === true ? status : yield* Effect.fail(unknown(id))
  })

export const work = <E, R>(
  id: string,
  program: Effect.Effect<SwarmResult, E, R>,
  options?: DurableOptions
): Effect.Effect<SwarmResult, E | DurableError, R | Journal> =>
  Given.checkProgram(program).pipe(Effect.andThen(existing(id)), Effect.andThen(durable(id, program, options)))

const states = { Waiting: "Waiting", Leased: "Working", Completed: "Done" } as const

const stateOf = ({ isCancelled, resources }: RunStatus): SwarmStatus["state"] => {
  const has = (state: ResourceStatus["state"]) => (one: ResourceStatus) => one.state === state
  if (resources.some((one) => one.resource === wholeSwarm && one.state === "Completed")) return "Finished"
  if (isCancelled) return "Cancelled"
  return resources.some(has("Leased")) ? "Running" : "Waiting"
}

/** A process that has an agent of a cancelled swarm still leaves it, within its poll interval or when its lease ends. */
const agentState = (swarm: SwarmStatus["state"], state: ResourceStatus["state"]): AgentStatus["state"] =>
  swarm === "Cancelled" && state !== "Completed" ? "Cancelled" : states[state]

/** `ends` are entries of how it ended before it was finished, which are no calls. */
const statusOf = (id: string, run: RunStatus, ends: number): SwarmStatus => {
  const swarm = stateOf(run)
  return {
    id,
    state: swarm,
    agents: run.resources.flatMap(({ resource, state }): ReadonlyArray<AgentStatus> => {
      const agent = agentOf(resource)
      return agent === undefined ? [] : [{ id: agent, state: agentState(swarm, state) }]
    }),
    // A completed agent has an outcome too, and a finished swarm a result.
    calls: run.calls - ends - run.resources.filter(({ state }) => state === "Completed").length
  }
}

export const status = (id: string): Effect.Effect<SwarmStatus, InvalidRequestError | JournalStoreError, Journal> =>
  Effect.gen(function* () {
    const run = yield* existing(id)
    const ofSwarm = yield* (yield* Journal).results(id, wholeSwarm)
    return statusOf(id, run, ofSwarm.filter(({ key }) => isEndKey(key)).length)
  })

export const cancel = (id: string): Effect.Effect<void, InvalidRequestError | JournalStoreError, Journal> =>
  Effect.andThen(
    existing(id),
    Effect.flatMap(Journal, (journal) => journal.cancel(id))
  )
