/** Runs the calls with which a model creates sub-agents and assigns tasks to them. */
import { UnknownAgentError } from "@kimi-effect/core/SwarmErrors"
import * as Effect from "effect/Effect"
import type { ToolRun } from "../../agent/AgentHooks.ts"
import type { CallResult } from "../../agent/AgentState.ts"
import type { ToolSet } from "../../agent/ToolSet.ts"
import type { KimiClient } from "../../KimiClient.ts"
import type { AgentOutcome } from "../SwarmResult.ts"
import * as DataMarks from "./dataMarks.ts"
import { type Assign, idOf } from "./governed.ts"
import type { Job } from "./Job.ts"
import { assignArguments, createArguments, granted, merged } from "./ownTools.ts"
import { runJob } from "./runJob.ts"
import type { Session } from "./Session.ts"

const failed = (message: string): CallResult => ({ content: `Error: ${message}.`, isFailure: true })

/** What the sub-agents of a swarm may use. */
export interface Grants<R> {
  /** The tools that create sub-agents. */
  readonly own: ToolSet
  /** The tools that sub-agents can be granted. */
  readonly tools: ToolSet<R> | undefined
}

const create = <R>(session: Session<R>, { tools }: Grants<R>, job: Job<R>, call: ToolRun): CallResult => {
  const given = createArguments(call.arguments)
  if (given === undefined) return failed("The arguments are not valid")
  const { name, system_prompt: system } = given
  const known = session.created.find((one) => one.creator === job.id && one.name === name)
  const unknown = (given.tools ?? []).filter((tool) => tools?.names.includes(tool) !== true)
  if (unknown.length > 0)
    return failed(`There is no tool ${unknown.join(", ")}; the tools are ${tools?.names.join(", ") ?? "none"}`)
  if (known !== undefined && known.system !== system) return failed("There is a sub-agent of this name already")
  if (known === undefined) {
    session.created.push({
      creator: job.id,
      name,
      system,
      ...(given.tools === undefined ? {} : { tools: given.tools })
    })
  }
  return { content: `The sub-agent ${name} exists. Assign a task to it.`, isFailure: false }
}

const systemOf = (system: string): string => `${system}\n\n${DataMarks.rule}`

const jobOf = <R>(
  session: Session<R>,
  { own, tools }: Grants<R>,
  parent: Job<R>,
  call: ToolRun
): Job<R> | CallResult | UnknownAgentError => {
  const given = assignArguments(call.arguments)
  if (given === undefined) return failed("The arguments are not valid")
  const refusal = session.refusedPlans.get(`${parent.id}/${call.step}`)
  if (refusal !== undefined) return failed(`${refusal.message}, so none of this turn was started. Assign fewer tasks`)
  const agent = session.created.find((one) => one.creator === parent.id && one.name === given.agent)
  if (agent === undefined) {
    const names = session.created.filter(({ creator }) => creator === parent.id).map(({ name }) => name)
    const message = `There is no sub-agent of this name; there are ${names.join(", ") || "none"}`
    return new UnknownAgentError({ message, agent: given.agent.slice(0, 256) })
  }
  const allowed = granted(tools, agent.tools)
  const depth = parent.depth + 1
  return {
    id: idOf(parent.id, call.step, call.position, call.arguments),
    name: agent.name,
    parent: parent.id,
    stage: call.step,
    after: [],
    system: systemOf(agent.system),
    prompt: given.prompt,
    tools: depth < session.settings.depth ? merged(own, allowed) : allowed,
    depth,
    rank: 0,
    limits: undefined,
    request: undefined
  }
}

const finished: AgentOutcome = { _tag: "Finished" }

const outcomes = { Finished: "completed", Stopped: "stopped", Skipped: "not started", Suspended: "suspended" } as const

/** Runs what the model assigned. A sub-agent that waits for its own ones makes room for them. */
const assigned = <R>(
  session: Session<R>,
  grants: Grants<R>,
  parent: Job<R>,
  call: ToolRun
): Effect.Effect<CallResult, never, R | KimiClient> =>
  Effect.suspend(() => {
    const { budget } = session
    const job = jobOf(session, grants, parent, call)
    if (job instanceof UnknownAgentError || "content" in job) {
      budget?.end(idOf(parent.id, call.step, call.position, call.arguments))
    }
    if (job instanceof UnknownAgentError) {
      const refused = session.emit({ _tag: "PlanRefused", by: parent.id, error: job })
      return Effect.as(refused, failed(job.message))
    }
    if ("content" in job) return Effect.succeed(job)
    session.planned.add(job.id)
    const run = runJob(session, job, assignOf(session, grants, job))
    const isOutside = parent.depth === 0 || session.run?.isFollowed(parent.id) === true
    const delegated = budget === undefined ? run : budget.idle(parent.id, run)
    const made = isOutside ? delegated : session.queue.paused({ id: parent.id, rank: parent.rank + 1 }, delegated)
    return Effect.map(made, ({ outcome = finished, text }): CallResult => {
      const name = outcome._tag === "Stopped" ? `stopped: ${outcome.error._tag}` : outcomes[outcome._tag]
      return { content: DataMarks.markAgent(job.name, name, text), isFailure: outcome._tag !== "Finished" }
    })
  })

/** Hooks have no services themselves: those of the swarm are provided where it begins. */
export const assignOf =
  <R>(session: Session<R>, grants: Grants<R>, job: Job<R>): Assign =>
  (call) =>
    call.tool === "create_subagent"
      ? Effect.sync(() => create(session, grants, job, call))
      : (Effect.provide(assigned(session, grants, job, call), session.services) as Effect.Effect<CallResult>)
