/**
 * Observes a stage that a user inserted or replaced: a span and a duration for
 * each call that passes it, with everything inside it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import type { KimiError } from "../../../errors/KimiError.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import { withStreamHooks } from "../../../pipeline/internal/StreamGuard.ts"
import { makePerRun } from "../../../pipeline/internal/StreamRun.ts"
import type { Stage } from "../../../pipeline/Stage.ts"
import { attributes, spans } from "../../Telemetry.ts"
import type { CallMetrics } from "../metrics/CallMetrics.ts"
import * as CallOutcome from "./CallOutcome.ts"
import { CurrentObservation, type Observation } from "./Observation.ts"
import { provideParentSpan } from "./StreamSpan.ts"

/** Ends the span of a stage and records its duration. */
const makeEnd = (calls: CallMetrics, name: string, { clock }: Observation, span?: Tracer.Span) => {
  const startedAt = MonotonicClock.millisUnsafe(clock)
  return (exit: Exit.Exit<unknown, KimiError>): void => {
    const outcome = CallOutcome.fromExit(exit)
    span?.attribute(attributes.outcome.name, outcome)
    calls.recordStage(name, MonotonicClock.millisUnsafe(clock) - startedAt, outcome)
    // A tracer receives how it ended, and not what the model generated.
    span?.end(clock.currentTimeNanosUnsafe(), Exit.asVoid(exit))
  }
}

/**
 * The same stage, observed.
 *
 * @category combinators
 * @since 0.1.0
 */
export const observe = (calls: CallMetrics, stage: Stage): Stage => {
  const { name } = stage
  const options = { kind: spans.stage.kind, attributes: { [attributes.stageName.name]: name } }
  return {
    ...stage,
    effect: (inner) => {
      const attempt = stage.effect(inner)
      return (call) =>
        Effect.withFiber(({ context }) => {
          const observation = Context.get(context, CurrentObservation)
          if (observation === undefined) return attempt(call)
          const observed = (run: ReturnType<typeof attempt>, span?: Tracer.Span) => {
            const end = makeEnd(calls, name, observation, span)
            return Effect.onExit(run, (exit) => Effect.sync(() => end(exit)))
          }
          return observation.isTraced
            ? Effect.useSpan(spans.stage.name, options, (span) =>
                observed(Effect.provideService(attempt(call), Tracer.ParentSpan, span), span)
              )
            : observed(attempt(call))
        })
    },
    stream: (inner) => {
      const attempt = stage.stream(inner)
      return (call) =>
        makePerRun((context) => {
          const observation = Context.get(context, CurrentObservation)
          if (observation === undefined) return attempt(call)
          let current: Tracer.Span | undefined
          return withStreamHooks(() =>
            Effect.map(observation.isTraced ? Effect.makeSpan(spans.stage.name, options) : Effect.undefined, (span) => {
              current = span
              const end = makeEnd(calls, name, observation, span)
              return { onEnd: (exit) => Effect.sync(() => end(exit)) }
            })
          )(provideParentSpan(() => current, attempt(call)))
        })
    }
  }
}
