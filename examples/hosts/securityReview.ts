/** A host that plays the orchestrator and the sub-agents of the security review. It knows of the code only what tools return. */
import { Reply } from "@kimi-effect/testing"
import type { ReceivedRequest } from "@kimi-effect/testing/node/ReceivedRequest"
import { linesOf, resultsOf, stepOf, taskOf } from "./internal/conversation.ts"

const calls = (...given: ReadonlyArray<readonly [name: string, args: { readonly [name: string]: string }]>) =>
  Reply.toolCalls(
    given.map(([name, args]) => ({ name, arguments: args })),
    { reasoning: "I look." }
  )

/** What the auditor looks for. The last one is wrong where the values are parameters, which the critic notices. */
const flaws = [
  ["critical", "The command has untrusted text", /os\.system\(f/u, "Run the program without a shell"],
  ["high", "The path leaves the folder", /os\.path\.join\(.*request\./u, "Check the path after it is resolved"],
  ["high", "A secret is in the code", /TOKEN = "/u, "Read it from the environment"],
  ["critical", "The query has untrusted text", /\.execute\(/u, "Use parameters"]
] as const

const audit = (file: string, text: string) =>
  linesOf(text).flatMap(([line, code]) =>
    flaws.flatMap(([severity, title, pattern, correction]) =>
      pattern.test(code) ? [{ file, line, severity, title, correction }] : []
    )
  )

type Vulnerability = ReturnType<typeof audit>[number]

const findingsIn = (text: string): ReadonlyArray<Vulnerability> => JSON.parse(text)

const auditor = (request: ReceivedRequest): Reply.Reply => {
  const file = taskOf(request).replace("Audit ", "")
  const [text] = resultsOf(request)
  return text === undefined ? calls(["read_file", { name: file }]) : Reply.text(JSON.stringify(audit(file, text)))
}

/** Reads each line of the findings again. */
const critic = (request: ReceivedRequest): Reply.Reply => {
  const findings = findingsIn(taskOf(request).replace("Check ", ""))
  const files = [...new Set(findings.map(({ file }) => file))]
  const texts = resultsOf(request)
  if (texts.length < files.length) return calls(...files.map((name) => ["read_file", { name }] as const))
  const codeOf = ({ file, line }: Vulnerability) =>
    linesOf(texts[files.indexOf(file)] ?? "").find(([number]) => number === line)?.[1] ?? ""
  const isReal = (finding: Vulnerability) => codeOf(finding) !== "" && !codeOf(finding).includes("%s")
  return Reply.text(JSON.stringify(findings.filter(isReal)))
}

const agent = (name: string) =>
  ["create_subagent", { name, system_prompt: `You are the ${name} of a security review.` }] as const

const orchestrator = (request: ReceivedRequest): Reply.Reply => {
  const results = resultsOf(request)
  const files = results[0]?.split("\n") ?? []
  switch (stepOf(request)) {
    case 0:
      return calls(["list_files", {}])
    case 1:
      return calls(agent("auditor"), agent("critic"))
    case 2:
      return calls(...files.map((file) => ["assign_task", { agent: "auditor", prompt: `Audit ${file}` }] as const))
    case 3: {
      const findings = results.slice(3).flatMap(findingsIn)
      return calls(["assign_task", { agent: "critic", prompt: `Check ${JSON.stringify(findings)}` }])
    }
    default:
      return Reply.text(JSON.stringify({ findings: findingsIn(results.at(-1) ?? "[]"), checked: files }))
  }
}

export const reply = (request: ReceivedRequest): Reply.Reply => {
  if (taskOf(request).startsWith("Audit ")) return auditor(request)
  return taskOf(request).startsWith("Check ") ? critic(request) : orchestrator(request)
}
