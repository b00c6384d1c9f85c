/**
 * An architecture review of a folder of code: two agents inspect its structure and its failures with tools, and a writer
 * joins their decoded results. Give the folder as the argument.
 */
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { KimiNode } from "@kimi-effect/client/node"
import { AgentRole, Swarm, SwarmPlan } from "@kimi-effect/client/swarm"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { toolsFor } from "./review/files.ts"

export const Structure = Schema.Struct({
  modules: Schema.Array(Schema.String),
  /** Modules that import each other, directly or not. */
  cycles: Schema.Array(Schema.Array(Schema.String))
})

export const Failures = Schema.Array(Schema.Struct({ file: Schema.String, line: Schema.Int, problem: Schema.String }))

export const Review = Schema.Struct({
  summary: Schema.String,
  problems: Schema.Array(Schema.Struct({ problem: Schema.String, evidence: Schema.String, option: Schema.String }))
})

const plan = [
  SwarmPlan.node({
    id: "structure",
    agent: AgentRole.toProfile(AgentRole.architect, ["list_imports"]),
    prompt: "Find the modules of this folder, and cycles of their imports",
    result: Structure
  }),
  SwarmPlan.node({
    id: "failures",
    agent: AgentRole.toProfile(AgentRole.tester, ["list_files", "read_file"]),
    prompt: "Read each file of this folder, and find where a failure is hidden from the caller",
    result: Failures
  }),
  SwarmPlan.node({
    id: "report",
    agent: AgentRole.toProfile(AgentRole.writer),
    inputs: { structure: Structure, failures: Failures },
    prompt: ({ failures, structure }) =>
      `Write a review of the architecture, with an option for each problem.\n${JSON.stringify({ structure, failures })}`,
    result: Review
  })
]

const isReview = Schema.is(Review)

/** Reviews a folder. Each agent's `value` is its decoded result. */
export const review = (folder: URL) =>
  Effect.gen(function* () {
    const result = yield* Swarm.plan(plan, {
      id: "architecture review",
      tools: yield* toolsFor(folder),
      request: { model: "kimi-k3", max_completion_tokens: 8_000 },
      limits: { cost: { amount: "5.00", currency: "USD" } }
    })
    const written = result.agents.find(({ id }) => id === "report")?.value
    return { result, report: isReview(written) ? written : undefined }
  })

const program = Effect.gen(function* () {
  const [, , path] = process.argv
  const folder = path === undefined ? new URL("review/shop/", import.meta.url) : pathToFileURL(join(path, "/"))
  const { report, result } = yield* review(folder)
  yield* Console.log(
    `${result.outcome._tag}: ${result.agents.length} agents, ${result.report.criticalSteps} steps on the critical path`
  )
  yield* Console.log(report?.summary ?? "There is no report.")
  for (const { evidence, option, problem } of report?.problems ?? []) {
    yield* Console.log(`${problem} (${evidence}): ${option}`)
  }
}).pipe(Effect.provide(KimiNode.layerConfig()))

if (import.meta.main) await Effect.runPromise(program)
