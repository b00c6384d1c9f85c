/** Checks commands of `kimi` by the parser of the command itself, without running them. */
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import * as CliCommand from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { kimi } from "../../packages/cli/src/kimi.ts"
import * as services from "../../packages/cli/src/services.ts"
import { sections } from "./pages.ts"
import { words } from "./shell.ts"

/** The same commands and flags, with nothing to run. */
const withoutHandlers = (command: CliCommand.Command.Any): CliCommand.Command.Any => {
  const inert = CliCommand.withHandler(command as CliCommand.Command<string, unknown>, () => Effect.void)
  const inner = command.subcommands.flatMap(({ commands }) => commands)
  return inner.length === 0 ? inert : CliCommand.withSubcommands(inert, inner.map(withoutHandlers))
}

const inertKimi = withoutHandlers(kimi) as CliCommand.Command<string, unknown>

const silent: Console.Console = { ...globalThis.console, log: () => undefined, error: () => undefined }

const errors = new Set(sections("docs/errors.md").map(({ heading }) => heading.replaceAll("`", "")))

/** Why the command refuses its arguments, if it does. Names of errors are those of the reference. */
export const refusal = (command: string): Promise<string | undefined> => {
  const [, ...args] = words(command)
  const unknown = args.find((word) => /^[A-Z]\w+Error$/.test(word) && !errors.has(word))
  let reason = unknown === undefined ? undefined : `there is no ${unknown}`
  const presenter: CliOutput.Presenter = {
    present: (event) =>
      Effect.sync(() => {
        if (event._tag === "InvalidInvocation") reason = event.errors.map(({ message }) => message).join("; ")
      })
  }
  const settings = Layer.mergeAll(
    CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
    CliOutput.layerPresenter(presenter),
    services.layer
  )
  return CliCommand.runWith(inertKimi, { version: "0" })(args).pipe(
    Effect.catchCause(() => Effect.sync(() => (reason ??= "is refused"))),
    Effect.provideService(Console.Console, silent),
    Effect.provide(settings),
    Effect.map(() => reason),
    Effect.runPromise
  )
}

/** Of each command, without the sections of results, which have the same names. */
const helpTexts = new Map(
  sections("docs/cli.md").flatMap(({ heading, text }) =>
    text.startsWith("## kimi ") ? [[heading, text] as const] : []
  )
)
const globalFlags = new Set(["--completions", "--help", "--version"])

/** Why a command in a sentence, which may lack arguments, is none of `kimi`. */
export const inlineRefusal = (command: string): string | undefined => {
  const [, ...rest] = words(command)
  let name = "kimi"
  for (const word of rest) {
    if (!helpTexts.has(`${name} ${word}`)) break
    name = `${name} ${word}`
  }
  const flags = rest.filter((word) => word.startsWith("--")).map((word) => word.split("=")[0] ?? word)
  if (name === "kimi") return flags.length === rest.length || flags[0] === "--completions" ? undefined : "is no command"
  const help = helpTexts.get(name) ?? ""
  const unknown = flags.find((flag) => !help.includes(`  ${flag} `) && !globalFlags.has(flag))
  return unknown === undefined ? undefined : `${name} has no flag ${unknown}`
}

if (helpTexts.size === 0) throw new Error("docs/cli.md has no sections of commands")
