/** Runs the steps of a check, and stops at the first that fails. */
import { spawn } from "node:child_process"
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

const running = new Set<ReturnType<typeof spawn>>()

const stop = (message: string): never => {
  process.stderr.write(message)
  for (const child of running) child.kill()
  process.exit(1)
}

/** Runs a step. What it prints is kept until its end if other steps print at the same time. */
const run = (step: Step, isAlone: boolean): Promise<void> =>
  new Promise((resolve) => {
    const { after, args, command, env, name } = step
    const start = performance.now()
    let output = `\n— ${name}\n`
    if (isAlone) process.stdout.write(output)
    const child = spawn(command, args, {
      cwd: root,
      stdio: isAlone ? "inherit" : ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env }
    })
    running.add(child)
    child.stdout?.on("data", (bytes) => (output += bytes))
    child.stderr?.on("data", (bytes) => (output += bytes))
    child.on("error", (error) => stop(`\n${name} failed: ${error.message}\n`))
    child.on("close", (code) => {
      running.delete(child)
      if (!isAlone) process.stdout.write(output)
      if (code !== 0) stop(`\n${name} failed\n`)
      process.stdout.write(`  ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
      after?.()
      resolve()
    })
  })

/** Runs the steps of a group side by side, one for each core. */
const runGroup = async (group: ReadonlyArray<Step>): Promise<void> => {
  const cores = availableParallelism()
  const waiting = [...group]
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      await run(step, group.length === 1 || cores === 1)
    }
  }
  await Promise.all(Array.from({ length: cores }, worker))
}

/**
 * Runs the steps named on the command line, or all of them, one group after
 * another. Exits with 1 when one fails and with 2 when there is none of that name.
 */
export const runSteps = async (groups: ReadonlyArray<ReadonlyArray<Step>>): Promise<void> => {
  const names = process.argv.slice(2)
  const steps = groups.flat()
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    process.stderr.write(`No such step: ${unknown.join(", ")}. Steps: ${steps.map(({ name }) => name).join(", ")}\n`)
    process.exit(2)
  }
  process.stdout.write(`node ${process.version}, ${availableParallelism()} cores\n`)
  for (const group of groups) {
    await runGroup(group.filter(({ name }) => names.length === 0 || names.includes(name)))
  }
}
