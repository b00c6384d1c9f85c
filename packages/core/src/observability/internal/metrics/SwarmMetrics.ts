/**
 * Records swarms in the metrics: those of the observer in the context, or without
 * one those of the registry of the fiber.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { Observer } from "../ObserverService.ts"
import { metrics } from "../../Telemetry.ts"
import * as InstrumentsModule from "./Instruments.ts"

/**
 * How many agents of a swarm are in each state.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgentStates {
  readonly working: number
  readonly queued: number
  readonly delegating: number
  readonly suspended: number
  /** Agents that may work at the same time. */
  readonly concurrency: number
}

const states = ["working", "queued", "delegating", "suspended"] as const

/**
 * The metrics of one swarm.
 *
 * @category models
 * @since 0.1.0
 */
export interface SwarmRecorder {
  /** The agents have changed their states. */
  readonly states: (states: AgentStates) => void
  /** An agent has ended; `millis` since its first admission, if it was admitted. */
  readonly agentEnded: (outcome: string, millis: number | undefined) => void
  /** The model has responded to an agent. */
  readonly step: () => void
  readonly spent: (currency: string, amount: number) => void
  readonly toolEnded: (outcome: string) => void
  readonly requeued: (error: string) => void
  readonly suspended: (error: string) => void
  /** The swarm has ended here, and has no agents any more. Without an outcome it is counted by another process. */
  readonly ended: (outcome: string | undefined, millis: number) => void
}

/**
 * The metrics of the swarms that share instruments.
 *
 * @category models
 * @since 0.1.0
 */
export class SwarmMetrics {
  readonly #instruments: InstrumentsModule.Instruments
  /** The swarms that run, each with its job. */
  readonly #running = new Map<object, { readonly job: string; readonly states: AgentStates }>()

  constructor(instruments: InstrumentsModule.Instruments) {
    this.#instruments = instruments
  }

  /** Adds a swarm. Swarms with the same job add up. */
  open(job: string): SwarmRecorder {
    const instruments = this.#instruments
    const swarm = {}
    return {
      states: (now) => {
        this.#running.set(swarm, { job, states: now })
        this.#writeStates()
      },
      agentEnded: (outcome, millis) => {
        instruments.update(metrics.swarmAgentsEnded, 1, [job, outcome])
        if (millis !== undefined) instruments.update(metrics.swarmAgentDuration, millis / 1_000, [job, outcome])
      },
      step: () => instruments.update(metrics.swarmSteps, 1, [job]),
      spent: (currency, amount) => instruments.update(metrics.swarmCost, amount, [job, currency]),
      toolEnded: (outcome) => instruments.update(metrics.swarmToolCalls, 1, [job, outcome]),
      requeued: (error) => instruments.update(metrics.swarmRequeues, 1, [job, error]),
      suspended: (error) => instruments.update(metrics.swarmSuspensions, 1, [job, error]),
      ended: (outcome, millis) => {
        this.#running.delete(swarm)
        this.#writeStates()
        if (outcome === undefined) return
        instruments.update(metrics.swarmRuns, 1, [job, outcome])
        instruments.update(metrics.swarmDuration, millis / 1_000, [job, outcome])
      }
    }
  }

  #writeStates(): void {
    const running = [...this.#running.values()]
    this.#instruments.replace(
      metrics.swarmAgents,
      running.flatMap(({ job, states: now }) => states.map((state) => [[job, state], now[state]] as const))
    )
    this.#instruments.replace(
      metrics.swarmConcurrency,
      running.map(({ job, states: { concurrency } }) => [[job], concurrency])
    )
  }
}

/** The metrics of registries without an observer. */
const byRegistry = new WeakMap<Metric.MetricRegistry, SwarmMetrics>()

const ofRegistry = (registry: Metric.MetricRegistry): SwarmMetrics => {
  const known = byRegistry.get(registry)
  if (known !== undefined) return known
  const made = new SwarmMetrics(new InstrumentsModule.Instruments(registry, InstrumentsModule.defaults))
  byRegistry.set(registry, made)
  return made
}

/**
 * The metrics that swarms of this fiber are recorded in. An observer that only
 * the client has writes to the same registry, unless that was replaced.
 *
 * @category getters
 * @since 0.1.0
 */
export const current: Effect.Effect<SwarmMetrics> = Effect.withFiber(({ context }) => {
  const observer = Context.getOption(context, Observer)
  return Effect.succeed(
    observer._tag === "Some" ? observer.value.swarms : ofRegistry(Context.get(context, Metric.MetricRegistry))
  )
})
