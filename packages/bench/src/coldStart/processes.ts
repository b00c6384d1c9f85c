/** Runs programs of an application to their end. */
import { spawn } from "node:child_process"
import { once } from "node:events"

/** A program that has ended with 0. */
export interface Run {
  /** From its start to its end, in milliseconds. */
  readonly wall: number
  readonly stdout: string
}

export const runNode = async (
  app: string,
  args: ReadonlyArray<string>,
  variables: { readonly [name: string]: string } = {}
): Promise<Run> => {
  const start = performance.now()
  const child = spawn(process.execPath, args, {
    cwd: app,
    env: { ...process.env, ...variables },
    stdio: ["ignore", "pipe", "inherit"]
  })
  let stdout = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
  })
  const [code] = await once(child, "close")
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}`)
  return { wall: performance.now() - start, stdout }
}
