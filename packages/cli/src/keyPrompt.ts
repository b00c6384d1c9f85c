/** Asks for the API key in a terminal where none is configured. What is typed is not shown. */
import * as Prompt from "effect/cli/Prompt"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import { CommandError } from "./commandError.ts"
import * as Output from "./output.ts"

const typed = Prompt.Hidden({
  message: "API key (not shown)",
  validate: (text) =>
    /^\S+$/.test(text.trim()) ? Effect.succeed(text.trim()) : Effect.fail("Paste the key: one word, such as sk-…")
})

const place = Prompt.String({ message: "File to keep it in, for --api-key-file (empty: for this command alone)" })

/** Writes the key for its owner only. An existing file is not replaced. */
const keep = Effect.fnUntraced(function* (file: string, key: Redacted.Redacted) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const home = yield* Effect.orElseSucceed(Config.String("HOME"), () => "~")
  const target = path.resolve(file.replace(/^~(?=\/|$)/, home))
  yield* fs.makeDirectory(path.dirname(target), { recursive: true, mode: 0o700 }).pipe(
    Effect.andThen(fs.writeFileString(target, `${Redacted.value(key)}\n`, { flag: "wx", mode: 0o600 })),
    Effect.mapError(
      ({ reason }) =>
        new CommandError(`${target} cannot be written: ${reason._tag}`, "Name a file that does not exist yet.")
    )
  )
  yield* Output.note(`Kept in ${target}, which you alone can read: pass --api-key-file ${target} from now on.`)
})

/** Asks for the key, and where to keep it. Ctrl-C ends the command. */
export const ask = Effect.gen(function* () {
  yield* Output.note("No API key is configured: kimi --help names the places. Keys: https://platform.moonshot.ai")
  const key = Redacted.make(Redacted.value(yield* Prompt.run(typed)), { label: "apiKey" })
  const file = (yield* Prompt.run(place)).trim()
  if (file !== "") yield* keep(file, key)
  return key
})
