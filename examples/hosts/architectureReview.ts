/** A host that plays the agents of the architecture review. It knows of the code only what tools return. */
import { Reply } from "@kimi-effect/testing"
import type { ReceivedRequest } from "@kimi-effect/testing/node/ReceivedRequest"
import { linesOf, resultsOf, taskOf } from "./internal/conversation.ts"

const calls = (...given: ReadonlyArray<readonly [name: string, args: { readonly [name: string]: string }]>) =>
  Reply.toolCalls(
    given.map(([name, args]) => ({ name, arguments: args })),
    { reasoning: "I look." }
  )

/** The modules that each module imports, from lines such as `orders.py: from shop import pricing`. */
const importsOf = (text: string): ReadonlyMap<string, ReadonlyArray<string>> => {
  const imports = new Map<string, ReadonlyArray<string>>()
  for (const line of text.split("\n")) {
    const [, module = "", names = ""] = /^(\w+)\.py: from shop import (.+)$/u.exec(line) ?? []
    if (module !== "") imports.set(module, [...(imports.get(module) ?? []), ...names.split(", ")])
  }
  return imports
}

const structure = (request: ReceivedRequest): Reply.Reply => {
  const [text] = resultsOf(request)
  if (text === undefined) return calls(["list_imports", {}])
  const imports = importsOf(text)
  const modules = [...new Set([...imports.keys(), ...[...imports.values()].flat()])].toSorted()
  const cycles = modules.flatMap((one) =>
    (imports.get(one) ?? [])
      .filter((other) => one < other && imports.get(other)?.includes(one) === true)
      .map((other) => [one, other])
  )
  return Reply.text(JSON.stringify({ modules, cycles }))
}

const failures = (request: ReceivedRequest): Reply.Reply => {
  const [list, ...texts] = resultsOf(request)
  if (list === undefined) return calls(["list_files", {}])
  const files = list.split("\n")
  if (texts.length < files.length) return calls(...files.map((name) => ["read_file", { name }] as const))
  const found = texts.flatMap((text, index) => {
    const lines = linesOf(text)
    return lines.flatMap(([line, code], at) =>
      code.includes("except Exception:") && lines[at + 1]?.[1].trim() === "pass"
        ? [{ file: files[index] ?? "", line, problem: "Every exception is ignored" }]
        : []
    )
  })
  return Reply.text(JSON.stringify(found))
}

interface Views {
  readonly structure: { readonly modules: ReadonlyArray<string>; readonly cycles: ReadonlyArray<ReadonlyArray<string>> }
  readonly failures: ReadonlyArray<{ readonly file: string; readonly line: number; readonly problem: string }>
}

const report = (request: ReceivedRequest): Reply.Reply => {
  const task = taskOf(request)
  const views = JSON.parse(task.slice(task.indexOf("{"))) as Views
  const problems = [
    ...views.structure.cycles.map((cycle) => ({
      problem: "Modules import each other",
      evidence: cycle.join(" and "),
      option: "Move what both need to a third module"
    })),
    ...views.failures.map(({ file, line, problem }) => ({
      problem,
      evidence: `${file}:${line}`,
      option: "Let the caller know of it"
    }))
  ]
  const summary = `${views.structure.modules.length} modules, ${problems.length} problems`
  return Reply.text(JSON.stringify({ summary, problems }))
}

export const reply = (request: ReceivedRequest): Reply.Reply => {
  const task = taskOf(request)
  if (task.startsWith("Find the modules")) return structure(request)
  return task.startsWith("Read each file") ? failures(request) : report(request)
}
