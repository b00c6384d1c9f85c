/** What the agents of a swarm did and when, for its report. */
import { add, fromTokens } from "@kimi-effect/core/Usage"
import * as BigDecimal from "effect/BigDecimal"
import * as AgentState from "../../agent/AgentState.ts"
import type { TotalCost } from "../../agent/AgentResult.ts"
import type { Activity, AgentReport, SwarmReport } from "../SwarmReport.ts"
import type { AgentOutcome, AgentResult } from "../SwarmResult.ts"
import { criticalSteps } from "./criticalSteps.ts"
import type { Job } from "./Job.ts"
import { addCost } from "../../agent/internal/loop/transitions.ts"

/** What of a job the report needs. */
export type RecordedJob = Omit<Job<never>, "tools">

/** An agent of the swarm. */
export interface Entry {
  readonly job: RecordedJob
  start: number | undefined
  end: number | undefined
  requeues: number
  readonly activities: Array<Activity>
  outcome: AgentOutcome | undefined
  text: string
  value: unknown
  /** Whether its outcome is one that was recorded, here earlier or in another process. */
  isRestored: boolean
}

type Costs = AgentState.AgentState["costs"]

export const totalsOf = (costs: Costs): ReadonlyArray<TotalCost> =>
  costs.map(({ currency, saved, total }) => ({
    currency,
    total: BigDecimal.fromStringUnsafe(total),
    saved: BigDecimal.fromStringUnsafe(saved)
  }))

/** Adds the costs of several agents. */
export const sumCosts = (all: Iterable<Costs>): Costs => {
  let sum: Costs = []
  for (const costs of all) for (const cost of totalsOf(costs)) sum = addCost(sum, cost)
  return sum
}

const skipped: AgentOutcome = { _tag: "Skipped", reason: "ended" }

const errorTag = (outcome: AgentOutcome) => (outcome._tag === "Stopped" ? { error: outcome.error._tag } : {})

/** What an agent has used, which is nothing before it has begun. */
const usedOf = (state: AgentState.AgentState = AgentState.make([])) => ({
  steps: state.steps,
  toolCalls: state.toolCalls,
  usage: state.usage,
  cost: totalsOf(state.costs)
})

export class Recorder {
  readonly entries = new Map<string, Entry>()
  readonly #startedAt: number

  constructor(startedAt: number) {
    this.#startedAt = startedAt
  }

  /** Milliseconds since the swarm began. */
  wallMillis(now: number): number {
    return now - this.#startedAt
  }

  /** Adds an agent, or returns the one that was added before. */
  add(job: RecordedJob): Entry {
    const known = this.entries.get(job.id)
    if (known !== undefined) return known
    const entry: Entry = {
      job,
      start: undefined,
      end: undefined,
      requeues: 0,
      activities: [],
      outcome: undefined,
      text: "",
      value: undefined,
      isRestored: false
    }
    this.entries.set(job.id, entry)
    return entry
  }

  begin(id: string, now: number): void {
    const entry = this.entries.get(id)
    if (entry !== undefined) entry.start ??= now - this.#startedAt
  }

  activity(id: string, activity: Activity): void {
    const { end, start, ...rest } = activity
    this.entries.get(id)?.activities.push({ ...rest, start: start - this.#startedAt, end: end - this.#startedAt })
  }

  end(id: string, now: number): void {
    const entry = this.entries.get(id)
    if (entry !== undefined) entry.end ??= now - this.#startedAt
  }

  /** The results of the agents that `isResult` selects. */
  results(isResult: (entry: Entry) => boolean): ReadonlyArray<AgentResult> {
    return [...this.entries.values()].filter(isResult).map(({ job, outcome, text, value }) => ({
      id: job.id,
      name: job.name,
      outcome: outcome ?? skipped,
      text,
      ...(value === undefined ? {} : { value })
    }))
  }

  #agent(entry: Entry, state: AgentState.AgentState | undefined, wall: number): AgentReport {
    const { activities, end, job, outcome = skipped, requeues, start = wall } = entry
    return {
      id: job.id,
      name: job.name,
      ...(job.parent === undefined ? {} : { parent: job.parent }),
      stage: job.stage,
      after: job.after,
      outcome: outcome._tag,
      ...errorTag(outcome),
      ...usedOf(state),
      start,
      end: end ?? Math.max(start, wall),
      requeues,
      activities
    }
  }

  report(swarm: string, states: ReadonlyMap<string, AgentState.AgentState>, now: number): SwarmReport {
    const wallMillis = this.wallMillis(now)
    const agents = [...this.entries.values()].map((entry) => this.#agent(entry, states.get(entry.job.id), wallMillis))
    const usage = agents.reduce((sum, agent) => add(sum, agent.usage), fromTokens(0, 0))
    let workMillis = 0
    for (const { activities } of agents) for (const { end, start } of activities) workMillis += end - start
    return {
      id: swarm,
      agents,
      steps: agents.reduce((sum, { steps }) => sum + steps, 0),
      toolCalls: agents.reduce((sum, { toolCalls }) => sum + toolCalls, 0),
      usage,
      cost: totalsOf(sumCosts([...states.values()].map(({ costs }) => costs))),
      wallMillis,
      workMillis,
      criticalSteps: criticalSteps(agents),
      speedUp: wallMillis === 0 ? 1 : workMillis / wallMillis,
      cacheShare: usage.prompt_tokens === 0 ? 0 : usage.cached_tokens / usage.prompt_tokens
    }
  }
}
