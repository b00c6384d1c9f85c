/**
 * What each command of a shell block is: one that `scripts/docsCommands.ts`
 * runs, one that another check runs, or one that cannot be run here, with the
 * reason. A command without a rule is an error, so that none is forgotten.
 *
 * All commands are checked without running them: those of `kimi` by its parser,
 * scripts of npm by the `package.json`, files of `node` and steps of the checks
 * by their existence.
 */
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { read, root } from "./pages.ts"
import * as Kimi from "./kimi.ts"
import { type Command, commands, inlineCommands, kimiExamples, parts, withoutVariables, words } from "./shell.ts"

export type Rule = { readonly runs: "here" } | { readonly checkedBy: string } | { readonly notRun: string }

const here: Rule = { runs: "here" }

/** The first one that matches applies. Pages and commands are matched from their beginning. */
const rules: ReadonlyArray<readonly [page: string, command: RegExp, rule: Rule]> = [
  ["README.md", /npm start$/, here],
  ["CONTRIBUTING.md", /npm start$/, here],
  ["", /npm test$/, { checkedBy: "npm test itself; examples/service is one of its projects" }],
  ["", /npm run check:deep$/, { checkedBy: "npm run check:deep itself" }],
  ["", /npm run setup$/, { checkedBy: "npm test, which begins with it" }],
  ["CONTRIBUTING.md", /npm run in -- check /, { checkedBy: "npm test, which runs these steps" }],
  ["CONTRIBUTING.md", /npm run pnpm -- exec vitest /, here],
  ["README.md", /(npm init|npm install|KIMI_API_KEY=)/, { checkedBy: "scripts/firstProgram.ts" }],
  ["docs/getting-started.md", /(mkdir|npm|export) /, { checkedBy: "scripts/firstProgram.ts" }],
  ["packages/client/README.md", /npm install /, { checkedBy: "scripts/firstProgram.ts" }],
  ["examples/README.md", /npm run in -- examples$/, { checkedBy: "scripts/examples.ts, a step of npm test" }],
  ["examples/README.md", /npm run in -- examples quickstart$/, here],
  ["examples/service/README.md", /npm install /, { checkedBy: "scripts/install.ts, which installs every package" }],
  [
    "examples/service/README.md",
    /SERVICE_TENANTS=|curl /,
    { checkedBy: "examples/service/test, which starts the service" }
  ],
  ["examples/service/README.md", /docker |kubectl /, { notRun: "needs a container engine and a cluster" }],
  ["ops/README.md", /docker /, { notRun: "needs a container engine" }],
  ["ops/README.md", /npm run --silent in -- load$/, { checkedBy: "ops/check, which runs it for seconds" }],
  ["site/README.md", /npm run site$/, { checkedBy: "the step site of npm run check:deep" }],
  ["site/README.md", /npm --prefix site run (api|links)$/, { checkedBy: "the step site of npm run check:deep" }],
  [
    "site/README.md",
    /npm --prefix site run (preview|dev)$/,
    { notRun: "serves until it is stopped; VitePress tests it" }
  ],
  ["docs/cli.md", /node_modules\/\.bin\/node packages\//, { checkedBy: "packages/cli/test, which runs the same file" }],
  ["docs/cassettes.md", /KIMI_CASSETTE_MODE=/, { notRun: "records at a paid host" }],
  ["docs/swarm.md", /kimi swarm status .* -- -x$/, { notRun: "names a swarm that nothing has begun" }],
  ["docs/redis.md", /KIMI_LIMITS=/, { notRun: "a program of the reader at a Redis with TLS" }],
  ["", /(?:npm install --global @kimi-effect\/cli && )?(?:kimi|npx @kimi-effect\/cli) /, here]
]

/** Those of the examples in help texts, which need more than the files that they name. */
const exampleRules: ReadonlyArray<readonly [RegExp, Rule]> = [
  [/kimi chat$/, { notRun: "asks at a terminal" }],
  [/kimi chat --mcp /, { notRun: "downloads a server" }],
  [/kimi batch run .* --shared /, { notRun: "needs PostgreSQL" }],
  [/kimi (?:batch|swarm) resume /, { notRun: "continues a job that was ended before its end" }],
  [/kimi simulate --traffic /, { notRun: "reads a log of the reader" }],
  [/kimi serve-mock /, { notRun: "serves until Ctrl-C; packages/cli/test starts it" }],
  [/(?:\w[\w ]* \| )?kimi /, here]
]

export const ruleOf = ({ page, text }: Command): Rule | undefined =>
  rules.find(([of, pattern]) => (of === "" || of === page) && new RegExp(`^(?:${pattern.source})`).test(text))?.[2]

export const exampleRuleOf = ({ text }: Command): Rule | undefined =>
  exampleRules.find(([pattern]) => new RegExp(`^(?:${pattern.source})`).test(text))?.[1]

/** Rules that no command has: of a command that is gone. */
const unused = (): ReadonlyArray<string> => {
  const found = new Set(commands().map(ruleOf))
  const examples = new Set(kimiExamples().map(exampleRuleOf))
  return [
    ...rules
      .filter(([, , rule]) => rule !== here && !found.has(rule))
      .map(([page, pattern]) => `scripts/docs/commands.ts: no command of ${page || "a page"} matches ${pattern}`),
    ...exampleRules
      .filter(([, rule]) => !examples.has(rule))
      .map(([pattern]) => `scripts/docs/commands.ts: no example in docs/cli.md matches ${pattern}`)
  ]
}

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>
}

const scriptsOf = (path: string): ReadonlyArray<string> => {
  const { scripts = {} } = JSON.parse(read(path)) as Manifest
  return Object.keys(scripts)
}

/** The `package.json` of the page, or of the repository. */
const manifestOf = (page: string): string => {
  const own = join(dirname(page), "package.json")
  return page.startsWith("examples/service/") && existsSync(join(root, own)) ? own : "package.json"
}

/** Why npm would refuse a command: a script that does not exist. */
const npmRefusal = (page: string, args: ReadonlyArray<string>): string | undefined => {
  const prefix = args.indexOf("--prefix")
  const manifest = prefix === -1 ? manifestOf(page) : `${args[prefix + 1]}/package.json`
  const rest = args.filter((arg, index) => !arg.startsWith("--") && (prefix === -1 || index !== prefix + 1))
  const [verb = "", script = "", inner = ""] = rest
  const name = verb === "run" ? script : ["start", "test"].includes(verb) ? verb : undefined
  if (name === undefined) return undefined
  if (!scriptsOf(manifest).includes(name)) return `${manifest} has no script ${name}`
  // `npm run in -- script` runs a script with the installed tools.
  return name === "in" && !scriptsOf("package.json").includes(inner) ? `package.json has no script ${inner}` : undefined
}

const steps = ["scripts/check.ts", "scripts/deep.ts"].map((file) => [file, read(file)] as const)

const nodeRefusal = (page: string, args: ReadonlyArray<string>): string | undefined => {
  const file = args.find((arg) => !arg.startsWith("-"))
  const folder = page.startsWith("examples/service/") ? "examples/service" : ""
  if (file === undefined || /^(?:program|service)\.\w+$/.test(file)) return undefined
  if (!existsSync(join(root, folder, file))) return `${file} does not exist`
  const [, source = ""] = steps.find(([path]) => path === file) ?? []
  const step =
    source === "" ? undefined : args.slice(args.indexOf(file) + 1).find((name) => !source.includes(`"${name}"`))
  return step === undefined ? undefined : `${file} has no step ${step}`
}

const refusalOf = async (page: string, command: string, isWhole: boolean): Promise<string | undefined> => {
  const [program, ...args] = words(withoutVariables(command))
  if (program === "kimi") return isWhole ? Kimi.refusal(command) : Kimi.inlineRefusal(command)
  if (program === "npm") return npmRefusal(page, args)
  if (program === "node") return nodeRefusal(page, args)
  if (program !== "npx") return undefined
  const [name, ...rest] = args.filter((arg) => arg !== "-y")
  if (name === "@kimi-effect/cli") return Kimi.refusal(`kimi ${rest.join(" ")}`)
  return undefined
}

export const checkCommands = async (): Promise<ReadonlyArray<string>> => {
  const problems = [...unused()]
  const check = async ({ line, page, text }: Command, isWhole: boolean): Promise<void> => {
    for (const command of parts(text)) {
      const reason = await refusalOf(page, withoutVariables(command), isWhole)
      if (reason !== undefined) problems.push(`${page}:${line}: ${command}: ${reason}`)
    }
  }
  for (const command of commands()) {
    if (ruleOf(command) === undefined)
      problems.push(`${command.page}:${command.line}: no rule in scripts/docs/commands.ts`)
    await check(command, true)
  }
  for (const command of kimiExamples()) {
    if (exampleRuleOf(command) === undefined)
      problems.push(`docs/cli.md:${command.line}: no rule in scripts/docs/commands.ts`)
    await check(command, true)
  }
  for (const command of inlineCommands()) await check(command, false)
  return problems
}
