/** A swarm whose run is recorded: where it begins and ends. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CallError, Lease } from "../../../journal/Journal.ts"
import type { SwarmOutcome, SwarmResult } from "../../SwarmResult.ts"
import type { SwarmProgram } from "../../SwarmState.ts"
import type { KimiClient } from "../../../KimiClient.ts"
import type { Session, Stop } from "../Session.ts"
import type { RunRequest } from "./CurrentRun.ts"
import { type DurableRun, endKey, open, wholeSwarm } from "./DurableRun.ts"
import * as Finished from "./finished.ts"
import * as Prior from "./prior.ts"

/** Opens the run. Its failure is that of `Swarm.durable`: a swarm without a journal cannot fail so. */
export const opened = (request: RunRequest, program: SwarmProgram): Effect.Effect<DurableRun, never, KimiClient> =>
  Effect.catch(open(request, program), (error) => Effect.andThen(Deferred.fail(request.failed, error), Effect.never))

/** Ends the swarm when it is cancelled, or when the state of the run cannot be read any more. */
const watch = <R>(session: Session<R>, run: DurableRun): Effect.Effect<void> =>
  Effect.matchEffect(run.watched, {
    onFailure: (error) => session.end({ _tag: "Failed", error }),
    onSuccess: () => session.end({ _tag: "Cancelled" })
  })

interface Ending<R> {
  readonly session: Session<R>
  readonly run: DurableRun
  readonly forms: Finished.Forms
  /** The agents, until they are done or something ends them. */
  readonly work: Effect.Effect<Stop | undefined, never, R | KimiClient>
  readonly finish: (stop: Stop | undefined) => Effect.Effect<SwarmResult, never, KimiClient>
}

/**
 * Whether this process counts that the swarm has ended before it is finished: the
 * last one that works on it, and once, until there is progress. It has the lease.
 */
const endsUnfinished = (run: DurableRun, lease: Lease, { _tag }: SwarmOutcome): Effect.Effect<boolean, CallError> =>
  Effect.gen(function* () {
    yield* run.refresh
    if (run.resources.some((one) => one !== wholeSwarm && run.stateOf(one) === "Leased")) return false
    const own = yield* run.results(wholeSwarm)
    let isFirst = false
    const first = Effect.sync(() => {
      isFirst = true
      return true
    })
    const key = endKey(_tag, run.recordedCalls - own.length)
    yield* lease.call({ key, digest: "ended", codec: Schema.Boolean, isIdempotent: true }, first)
    return isFirst
  })

/** Makes the result in one process, while the others wait for it. A swarm that is not finished can be continued. */
const concluded = <R>(
  { finish, forms, run, session }: Ending<R>,
  stop: Stop | undefined
): Effect.Effect<SwarmResult, never, KimiClient> =>
  Effect.suspend(() => {
    let own: SwarmResult | undefined
    const turn = Effect.gen(function* () {
      const lease = yield* run.claim(wholeSwarm)
      if (lease === undefined) return yield* Finished.read(run, forms)
      run.calls.set(wholeSwarm, { lease, call: lease.call, resolve: lease.resolve })
      own ??= yield* finish(stop)
      if (own.outcome._tag !== "Finished") {
        session.countsEnd = yield* endsUnfinished(run, lease, own.outcome)
        return own
      }
      yield* Finished.record(lease, own)
      yield* lease.complete
      session.countsEnd = true
      return own
    }).pipe(
      Effect.scoped,
      Effect.catchTag("LeaseLostError", () => Effect.undefined)
    )
    const next: Effect.Effect<SwarmResult, CallError, KimiClient> = Effect.flatMap(turn, (result) =>
      result === undefined
        ? // What watches the state of the run has ended when the swarm was cancelled.
          Effect.andThen(run.stateOf(wholeSwarm) === "Leased" ? run.polled : run.refresh, next)
        : Effect.succeed(result)
    )
    return Effect.catch(next, (error: CallError) =>
      Effect.map(own === undefined ? finish(stop) : Effect.succeed(own), (result): SwarmResult => {
        // Without its journal, a process does not know of the others.
        session.countsEnd = true
        return { ...result, outcome: { _tag: "Failed", error } }
      })
    )
  })

/** A swarm whose journal cannot be read. */
const failed = <R>({ finish, session }: Ending<R>, error: CallError): Effect.Effect<SwarmResult, never, KimiClient> => {
  session.countsEnd = true
  return finish({ _tag: "Failed", error })
}

/** The recorded result of a swarm that is finished, or that of its work. */
export const recorded = <R>(ending: Ending<R>): Effect.Effect<SwarmResult, never, R | KimiClient> =>
  Effect.gen(function* () {
    const { finish, forms, run, session, work } = ending
    const known = yield* Effect.result(Finished.read(run, forms))
    if (Result.isFailure(known)) return yield* failed(ending, known.failure)
    if (known.success !== undefined) return known.success
    if (run.isCancelled) return yield* finish({ _tag: "Cancelled" })
    const prior = yield* Effect.result(Prior.count(session, run))
    if (Result.isFailure(prior)) return yield* failed(ending, prior.failure)
    yield* Effect.forkScoped(watch(session, run))
    return yield* concluded(ending, yield* work)
  }).pipe(Effect.scoped)
