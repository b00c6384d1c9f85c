/**
 * Writes `docs/cli.md`, the reference of the command, from its help texts, its
 * exit codes and the schemas of its results. With `--check` it writes nothing
 * and fails where the page is not what it would write.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as exitCodes from "../packages/cli/src/exitCodes.ts"
import { kimi } from "../packages/cli/src/kimi.ts"
import { run } from "../packages/cli/src/run.ts"
import * as services from "../packages/cli/src/services.ts"
import { jsonSchemaOf, schemas } from "../packages/cli/src/schemas/schemas.ts"

const page = new URL("../docs/cli.md", import.meta.url)

interface Named {
  readonly name: string
  readonly subcommands: ReadonlyArray<{ readonly commands: ReadonlyArray<Named> }>
}

const pathsOf = (command: Named, path: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  command.subcommands.flatMap(({ commands }) =>
    commands.flatMap((one) => [[...path, one.name], ...pathsOf(one, [...path, one.name])])
  )

const helpOf = async (path: ReadonlyArray<string>): Promise<string> => {
  let text = ""
  const console: Console.Console = {
    ...globalThis.console,
    log: (line: unknown) => {
      text += `${String(line)}\n`
    }
  }
  await run([...path, "--help"]).pipe(
    Effect.provideService(Console.Console, console),
    Effect.provideService(TerminalCapabilities.TerminalCapabilities, {
      canColor: false,
      canAnimate: false,
      canPrompt: false
    }),
    Effect.provide(services.layer),
    Effect.runPromise
  )
  // The global flags are the same everywhere.
  return text.replace(/\nGLOBAL FLAGS\n(?: .*\n)+/, "").trim()
}

const sections: Array<string> = []
for (const path of pathsOf(kimi, [])) {
  sections.push(`## kimi ${path.join(" ")}\n\n\`\`\`text\n${await helpOf(path)}\n\`\`\``)
}

const codes = [
  [0, "success"],
  [
    exitCodes.other,
    "another failure, such as a file that cannot be read, a version of Node that is too old, problems that `kimi doctor` has found outside the options, or a batch with rows left or failed"
  ],
  [exitCodes.usage, "wrong usage: a flag or an argument of the command itself; nothing was done, and nothing was sent"],
  ...Object.entries(exitCodes.byCategory).map(([category, code]) => [code, `error of the category ${category}`]),
  [exitCodes.interrupted, "interrupted by Ctrl-C"],
  [
    exitCodes.notRead,
    "the reader of the output, such as `head`, has gone before the end of a command that calls a model, which was stopped"
  ]
]

const results = Object.entries(schemas).map(
  ([name, schema]) => `### kimi ${name}\n\n\`\`\`json\n${JSON.stringify(jsonSchemaOf(schema), undefined, 2)}\n\`\`\``
)

const text = `# The kimi command

This page is generated from the command by \`node scripts/cli.ts\`.

\`\`\`sh
npx @kimi-effect/cli models
npm install --global @kimi-effect/cli && kimi chat Hello
\`\`\`

The API key is read from \`KIMI_API_KEY\` or \`MOONSHOT_API_KEY\`, from the files of \`--config\`, \`--dotenv\` or
\`--api-key-file\`, or from \`~/.config/kimi/config.json\`. It is never an argument, since every user of the system can read
arguments. Flags take precedence over the environment, the environment over \`--dotenv\`, and that over \`--config\`. Files of the
working folder are not read unless they are named, because a folder from elsewhere could redirect calls to another host.

In a clone of the repository, the command runs from its sources, with the Node that the repository brings:

\`\`\`sh
npm run setup
node_modules/.bin/node packages/cli/src/bin.ts models
\`\`\`

The code that Node has compiled is kept below \`$XDG_CACHE_HOME\`, or \`~/.cache\`, in \`kimi/compile\`, so that the next command starts
faster; where the home folder does not exist, nothing is kept. \`NODE_DISABLE_COMPILE_CACHE=1\` turns it off.

Results are written to stdout; logs, hints and errors to stderr. \`kimi --completions bash\` prints the completions of a shell.
If the host refuses the key, \`kimi doctor\` tries the other region of Moonshot, unless another base URL is configured. It asks every host
of the fallback for its models, and finds a budget that refuses calls: the price is not known in a currency of its caps, or a cap, or what
is left of it in \`--budget-store\`, is below the worst-case cost of one call. It states what the store has counted, and reserves nothing in it.

## A conversation

\`kimi chat\` without a prompt holds a conversation in the terminal. Enter sends the prompt, and an empty one ends the conversation. With
\`TERM=dumb\`, the name of a terminal whose lines cannot be redrawn, there is none: a prompt is an argument or piped input.

| keys | what they do |
| --- | --- |
| Left, Right, Ctrl-B, Ctrl-F | move by a character |
| Alt or Ctrl with Left or Right, Alt-B, Alt-F | move by a word |
| Home, End, Ctrl-A, Ctrl-E | move to the start or the end of the line |
| Up, Down, Ctrl-P, Ctrl-N | move by a line, and beyond the first or the last one to an earlier or later prompt, also of the file of \`--history\` |
| Backspace, Delete | delete a character |
| Ctrl-W | deletes back to a space |
| Alt-Backspace, Alt-D | delete the word before or after the cursor |
| Ctrl-U, Ctrl-K | delete to the start or the end of the line |
| Ctrl-Y | inserts what one of the last three rows has deleted |
| Alt-Enter, or a backslash and then Enter | begin a line in the prompt |
| Ctrl-C | stops a response, whose prompt is then no part of the conversation; clears a prompt; ends the command with 130 in an empty prompt |
| Ctrl-D | ends the conversation in an empty prompt; deletes a character in another one |
| Ctrl-L | clears the screen |
| Ctrl-Z | suspends the command |

The lines of a pasted text are one prompt, which can be edited and which Enter sends. In a terminal that does not mark what is pasted
(bracketed paste), so are lines that arrive at once. No prompt has control characters or escape sequences, whether they are typed,
pasted or in the file of \`--history\`; it may have tabs.

What is typed during a response is not sent and not lost: it is the start of the next prompt, in which Enter was a line end. It does not
answer the question whether to run a tool of \`--mcp\`.

Several chats may continue one file of \`--history\` at once: each adds its turns after those that are there, and a conversation
continues with the turns of both. Where the file has another conversation by the end of a turn, or none that can be read, or cannot be
written any more, it is left as it is: the conversation of the chat is in a new file next to it, such as \`talk.json.1\`, which an
error names. The file is locked through \`talk.json.lock\` while it is written, which is checked with it before anything is sent.

## In a program

With \`--json\` the result is one document on stdout, whose form is [below](#results-as-json):

\`\`\`ts
import { spawnSync } from "node:child_process"

const { status, stderr, stdout } = spawnSync("kimi", ["chat", "--json", "Hello world!"], { encoding: "utf8" })

if (status === 0) {
  const { text } = JSON.parse(stdout) as { readonly text: string }
  process.stdout.write(text)
} else {
  const line = stderr.trimEnd().split("\\n").at(-1) ?? ""
  const { error } = JSON.parse(line) as { readonly error: { readonly tag: string; readonly hint: string } }
  process.stderr.write(\`\${error.tag}: \${error.hint}\`)
}
\`\`\`

## Options

The flags of each command are listed with it. Every other option of the [configuration](configuration.md) is \`--set name=value\`, a
variable such as \`KIMI_DEADLINE\`, or a member of the file of \`--config\`.

## Errors and exit codes

| exit code | meaning |
| --- | --- |
${codes.map(([code, meaning]) => `| ${code} | ${meaning} |`).join("\n")}

The [categories](errors.md) are those of the errors of the library. One kind of mistake has one code in every command:

- A flag or an argument of the command itself, such as \`--window\`, with a wrong value, in a wrong combination or missing, is wrong
  usage and ends with 2. So are two flags for one option, such as \`--tier 3 --set tier=2\`.
- A value of an [option](configuration.md) ends with 10 wherever it comes from: a flag such as \`--tier\`, \`--set\`, a variable or a
  file, also in a command that does not use it. The message names the flag, the variable, or the file with the name in it.
  \`kimi config\` shows where each value comes from and marks those that are wrong, and \`kimi doctor\` lists all that are wrong,
  before they end with 10 too.
- A file of the command line that cannot be read ends with 1. One that can be read and is not what it must be has the category
  of what is wrong with it: a damaged cassette ends with 28, a file of \`--history\` that is no conversation or a file that is no
  output of \`kimi batch\` with 16, and a file of \`--config\`, \`--dotenv\` or \`--traffic\` with 10.
- A batch that an error has stopped, such as a key that the host refuses or a budget that is exceeded, ends with the code of that
  error; one that a deadline has stopped, or whose rows have failed, with 1.

A file that a command writes at its end, such as that of
\`--history\` or \`--html\`, is checked before anything is sent: one that cannot be written ends the command with 1. The output of
\`kimi batch\` ends it with 16 if the path is wrong, such as a folder or a file in a folder that does not exist, and with 26 if
one of its files cannot be used, such as on a full disk or without permission; so does a journal, and so does stdout in every
command. The folder of an output must exist; those of a SQLite file of \`--journal\`, \`--cache\` or \`--budget-store\` are created.

A server of \`--mcp\` that does not answer ends the command after two minutes: it has 60 seconds for each of the two versions of
the protocol that are tried. \`--total-timeout\` bounds calls of the model only. When the chat ends, so does the input of the server,
which gets SIGTERM after a second and is killed half a second later, and at Ctrl-C at once; one over HTTP has a second to end its session. The last lines
that a server has written to stderr are in the error if it cannot be used, and are not shown otherwise.

Ctrl-C and SIGTERM end a command with 130, and so does SIGHUP while the terminal shows a prompt; a [conversation](#a-conversation)
continues after Ctrl-C in a response. What continues a command is a plain line on stderr, also with \`--json\`: an interruption is no
error, and has no line of JSON. So is the name of a file whose upload is interrupted after its last byte: the host may have kept it.

Where an attempt of \`kimi chat\` fails and is made again, a plain line on stderr reports it once, with the error and the longest time
for further attempts, if they fail as that one, and else what is left of the time for all; \`kimi batch\` and \`kimi swarm\` show their progress instead, and other commands make one attempt.

With \`--json\`, a failure, also that of a version of Node that is too old, is one line on stderr: \`{ "error": { "tag", "category", "message", "hint", "exitCode" } }\`.
Where the calls of a \`kimi chat\` that fails are billed, \`"cost"\` in it is what is known of their cost, such as \`$0.018\`; without \`--json\`, the
last line of the error has it.

## Costs

Only \`kimi chat\`, \`kimi batch\` and \`kimi swarm\` call a model; all other commands are free. \`--budget\` refuses a call that could exceed
a cap, and \`kimi cost\` computes what the requests of a file will cost before they are sent.

${sections.join("\n\n")}

## Results as JSON

\`kimi schema COMMAND\` prints these schemas.

${results.join("\n\n")}
`

if (!process.argv.includes("--check")) writeFileSync(page, text)
else if (!existsSync(page) || readFileSync(page, "utf8") !== text) {
  process.stderr.write("docs/cli.md is not up to date: run node scripts/cli.ts\n")
  process.exit(1)
}
