/** What the hang-up of a terminal does while its keys are read: a process that it kills would leave the terminal in that mode. */
import * as Effect from "effect/Effect"

const end = () => void process.kill(process.pid, "SIGTERM")

/**
 * Ends the command as SIGTERM does at a hang-up, until the scope closes. `nohup`
 * makes no difference: Node resets a signal that is ignored when it starts.
 */
export const listen =
  process.platform === "win32"
    ? Effect.void
    : Effect.acquireRelease(
        Effect.sync(() => void process.on("SIGHUP", end)),
        () => Effect.sync(() => void process.off("SIGHUP", end))
      )
