/** Runs the agents of a plan, each when those that it depends on are finished. */
import type { BudgetExceededError } from "@kimi-effect/core/MoneyErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { KimiClient } from "../../KimiClient.ts"
import type { SwarmAgentError } from "../SwarmResult.ts"
import type { SwarmOptions } from "../SwarmOptions.ts"
import type { PlanNode } from "../SwarmPlan.ts"
import * as DataMarks from "./dataMarks.ts"
import type { Job } from "./Job.ts"
import { granted } from "./ownTools.ts"
import * as Program from "./program.ts"
import type { Entry } from "./Recorder.ts"
import { runJob } from "./runJob.ts"
import type { Session } from "./Session.ts"
import type { Settings } from "./Settings.ts"
import { SwarmBudget } from "./SwarmBudget.ts"
import type { Body } from "./start.ts"
import * as Structured from "./structured.ts"

/** Who has planned the agents. */
const thePlan = "plan"

const noAssign = () => Effect.succeed({ content: "Error: The agent has no sub-agents.", isFailure: true })

/** The job of a node, before its inputs are known. */
const jobOf = <R>(options: SwarmOptions<R>, node: PlanNode, rank: number): Job<R> => {
  const { agent = {}, id, result } = node
  const parts = [agent.system, result === undefined ? undefined : Structured.instruction(result), DataMarks.rule]
  return {
    id,
    name: id,
    stage: 0,
    after: Object.keys(node.inputs ?? {}),
    system: parts.filter((part) => part !== undefined && part !== "").join("\n\n"),
    prompt: typeof node.prompt === "string" ? node.prompt : "",
    tools: granted(options.tools, agent.tools),
    depth: 1,
    rank,
    limits: agent.limits,
    request: agent.request,
    ...(result === undefined ? {} : { result })
  }
}

/** Decodes the results of the dependencies of a node. */
const inputsOf = (
  { inputs = {} }: PlanNode,
  results: ReadonlyMap<string, Entry>
): Result.Result<Record<string, unknown>, SwarmAgentError> =>
  Result.gen(function* () {
    const decoded: Record<string, unknown> = {}
    for (const [id, schema] of Object.entries(inputs)) {
      const text = results.get(id)?.text ?? ""
      decoded[id] = schema === Schema.String ? text : yield* Structured.decode(schema, text)
    }
    return decoded
  })

/** A function that throws ends its agent and not the others, whose results are paid. */
const promptOf = (
  { id, prompt }: PlanNode,
  inputs: Record<string, unknown>
): Result.Result<string, InvalidRequestError> =>
  typeof prompt === "string"
    ? Result.succeed(prompt)
    : Result.flatMap(
        Result.try({
          try: (): unknown => (prompt as (inputs: unknown) => unknown)(inputs),
          catch: () => new InvalidRequestError({ message: `The prompt function of ${id} threw`, parameter: "prompt" })
        }),
        (text) => {
          if (typeof text === "string") return Result.succeed(text)
          const message = `The prompt function of ${id} returned no text`
          return Result.fail(new InvalidRequestError({ message, parameter: "prompt" }))
        }
      )

/** An agent that continues has the prompt that it began with: another one ends the swarm. */
const checkPrompt = <R>(session: Session<R>, agent: string, prompt: string): Effect.Effect<void> => {
  const begun = session.states.get(agent)?.messages.find(({ role }) => role === "user")?.content
  if (typeof begun !== "string" || begun === prompt) return Effect.void
  const error = Program.promptMismatch(agent, begun, prompt)
  return Effect.andThen(session.end({ _tag: "Failed", error }), Effect.never)
}

/** Runs all agents. A node that is not finished skips those that depend on it. */
const runPlan = <R>(
  session: Session<R>,
  nodes: ReadonlyArray<PlanNode>,
  ranks: ReadonlyMap<string, number>
): Effect.Effect<void, never, R | KimiClient> =>
  Effect.gen(function* () {
    const { options } = session.settings
    const jobs = nodes.map((node) => ({ node, job: jobOf(options, node, ranks.get(node.id) ?? 0) }))
    const ended = new Map(nodes.map(({ id }) => [id, Deferred.makeUnsafe<Entry>()]))
    const results = new Map<string, Entry>()
    for (const { job } of jobs) session.recorder.add(job)
    const ids = nodes.map(({ id }) => id)
    session.budget?.plan(
      ids.filter((id) => !session.isDone(id)),
      thePlan
    )
    yield* session.emit({ _tag: "Planned", agents: ids })
    const runNode = ({ job, node }: (typeof jobs)[number]) =>
      Effect.gen(function* () {
        const entry = session.recorder.add(job)
        const needed = yield* Effect.forEach(job.after, (id) =>
          Deferred.await(ended.get(id) as Deferred.Deferred<Entry>)
        )
        const isBlocked = needed.some(({ outcome }) => outcome?._tag !== "Finished")
        const prompt = isBlocked
          ? Result.succeed("")
          : Result.flatMap(inputsOf(node, results), (inputs) => promptOf(node, inputs))
        if (isBlocked) {
          entry.outcome = { _tag: "Skipped", reason: "dependency" }
          yield* session.ended(entry)
        } else if (Result.isFailure(prompt)) {
          entry.outcome = { _tag: "Stopped", error: prompt.failure }
          yield* session.ended(entry)
        } else {
          yield* checkPrompt(session, job.id, prompt.success)
          yield* runJob(session, { ...job, prompt: prompt.success }, noAssign)
        }
        results.set(job.id, entry)
        yield* Deferred.succeed(ended.get(job.id) as Deferred.Deferred<Entry>, entry)
      })
    // The agents that are ready at the same time wait in this order.
    const ordered = jobs.toSorted((one, other) => other.job.rank - one.job.rank)
    yield* Effect.forEach(ordered, runNode, { concurrency: "unbounded", discard: true })
  })

/** The agents of a plan and what identifies it. */
export const bodyOfPlan = <R>(
  { id: swarm, money, provider }: Settings<R>,
  nodes: ReadonlyArray<PlanNode>,
  ranks: ReadonlyMap<string, number>
): Effect.Effect<Body<R>, BudgetExceededError> => {
  const refusal = money === undefined ? undefined : new SwarmBudget(swarm, provider, money).refusalOf(nodes.length)
  if (refusal !== undefined) return Effect.fail(refusal)
  return Effect.succeed({
    program: Program.ofPlan(nodes),
    forms: new Map(nodes.flatMap(({ id, result }) => (result === undefined ? [] : [[id, result] as const]))),
    run: (session) => runPlan(session, nodes, ranks)
  })
}
