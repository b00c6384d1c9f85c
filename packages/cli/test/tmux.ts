/** The command in a pseudo-terminal. */
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { program } from "./process.ts"

/** A server for each terminal: one that is still ending refuses the session of the next test. */
let servers = 0

const tmux = (...args: ReadonlyArray<string>) =>
  spawnSync("tmux", ["-L", `kimi-${process.pid}-${servers}`, "-f", "/dev/null", "-u", ...args], { encoding: "utf8" })

export const hasTmux = tmux("-V").status === 0

/** Presses keys, such as `C-c`, or types a text. */
export const press = (...keys: ReadonlyArray<string>) => Effect.sync(() => void tmux("send-keys", ...keys))

/** Pastes a text, in brackets if the program has requested them. */
export const paste = (text: string, folder: string) =>
  Effect.sync(() => {
    const file = join(folder, "clipboard")
    writeFileSync(file, text)
    tmux("load-buffer", file)
    tmux("paste-buffer", "-p")
  })

/** Waits until the screen has a text, and returns what it shows. */
export const shows = (text: string | RegExp) =>
  Effect.suspend(() => {
    const screen = tmux("capture-pane", "-p").stdout
    const isShown = typeof text === "string" ? screen.includes(text) : text.test(screen)
    return isShown ? Effect.succeed(screen) : Effect.fail(`The screen has no ${String(text)}:\n${screen}`)
  }).pipe(Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 150 }))

/** Sends a signal to the command, and not to the shell that runs it. */
export const signal = (name: string) =>
  Effect.sync(() => {
    const shell = tmux("display-message", "-p", "#{pane_pid}").stdout.trim()
    spawnSync("pkill", [`-${name}`, "-P", shell])
  })

/** Runs the command, which is followed by its exit code and by another command. */
export const inTerminal = (args: string, env: { readonly [name: string]: string }, next = "sleep 60") => {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const line = `env -i PATH="$PATH" TERM="$TERM" NODE_DISABLE_COMPILE_CACHE=1 ${variables.join(" ")} ${process.execPath} ${program} ${args}`
  return Effect.acquireRelease(
    Effect.suspend(() => {
      servers += 1
      const started = tmux("new-session", "-d", "-x", "100", "-y", "40", `${line}; echo code $?; ${next}`)
      return started.status === 0 ? Effect.void : Effect.die(`tmux did not start: ${started.stderr}`)
    }),
    () => Effect.sync(() => tmux("kill-server"))
  )
}
