/** Runs the steps of a check one after another, and stops at the first that fails. */
import { spawnSync } from "node:child_process"
import { availableParallelism } from "node:os"

const root = new URL("..", import.meta.url).pathname

export interface Step {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Record<string, string>
  /** Runs after the step has passed. */
  readonly after?: () => void
}

/** Runs the steps named on the command line, or all of them. Exits with 1 when one fails and with 2 when there is none of that name. */
export const runSteps = (steps: ReadonlyArray<Step>): void => {
  const names = process.argv.slice(2)
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    process.stderr.write(`No such step: ${unknown.join(", ")}. Steps: ${steps.map(({ name }) => name).join(", ")}\n`)
    process.exit(2)
  }
  process.stdout.write(`node ${process.version}, ${availableParallelism()} cores\n`)
  for (const { after, args, command, env, name } of steps) {
    if (names.length > 0 && !names.includes(name)) continue
    const start = performance.now()
    process.stdout.write(`\n— ${name}\n`)
    const { error, status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } })
    if (status !== 0) {
      process.stderr.write(`\n${name} failed${error === undefined ? "" : `: ${error.message}`}\n`)
      process.exit(1)
    }
    process.stdout.write(`  ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
    after?.()
  }
}
