/**
 * A security review of a folder of code: an orchestrator gives each file to an auditor, which reads it with a tool, and
 * lets a critic check the findings. Its result is decoded. Give the folder as the argument.
 */
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { KimiNode } from "@kimi-effect/client/node"
import { AgentRole, Swarm } from "@kimi-effect/client/swarm"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { toolsFor } from "./review/files.ts"

const Vulnerability = Schema.Struct({
  file: Schema.String,
  line: Schema.Int,
  severity: Schema.Literals(["critical", "high", "medium", "low"]),
  title: Schema.String,
  correction: Schema.String
})

export const Report = Schema.Struct({ findings: Schema.Array(Vulnerability), checked: Schema.Array(Schema.String) })

const decode = Schema.decodeEffect(Schema.fromJsonString(Report))

const instructions = `You lead a security review of a folder of code. List the files, create one sub-agent "auditor" and one sub-agent
"critic" with the tool read_file, and assign each file to the auditor, all in one turn. Then let the critic check all findings against
the code. The auditor: ${AgentRole.securityAuditor.system} The critic: ${AgentRole.critic.system}
Auditor and critic return a JSON array of findings with file, line, severity (critical, high, medium, low), title and correction.
Your last message is JSON and nothing else: {"findings": the findings that the critic keeps, "checked": the names of all files}.`

/** Reviews a folder. A last message that is no report is a typed error. */
export const review = (folder: URL) =>
  Effect.gen(function* () {
    const tools = yield* toolsFor(folder)
    const result = yield* Swarm.run("Review the code", {
      id: "security review",
      tools,
      orchestrator: { system: instructions, tools: ["list_files"] },
      subAgentTools: ["read_file"],
      request: { model: "kimi-k3", max_completion_tokens: 8_000 },
      limits: { agents: 50, cost: { amount: "5.00", currency: "USD" } }
    })
    if (result.outcome._tag !== "Finished") return { result, report: undefined }
    return { result, report: yield* decode(result.text) }
  })

const program = Effect.gen(function* () {
  const [, , path] = process.argv
  const folder = path === undefined ? new URL("review/shop/", import.meta.url) : pathToFileURL(join(path, "/"))
  const { report, result } = yield* review(folder)
  yield* Console.log(`${result.outcome._tag}: ${result.agents.length} agents, ${result.report.toolCalls} tool calls`)
  for (const { file, line, severity, title } of report?.findings ?? []) {
    yield* Console.log(`${file}:${line} ${severity}: ${title}`)
  }
}).pipe(Effect.provide(KimiNode.layerConfig()))

if (import.meta.main) await Effect.runPromise(program)
