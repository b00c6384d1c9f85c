/** The calls of the probes, which fail for a contestant that did not do the work. */
import type { Contestant } from "./Contestant.ts"

export const chat = (contestant: Contestant, url: string) => async (): Promise<void> => {
  if ((await contestant.chat(url)) === "") throw new Error(`${contestant.name} got no response`)
}

export const stream = (contestant: Contestant, url: string, expected: number) => async (): Promise<void> => {
  const pieces = await contestant.stream(url)
  if (pieces !== expected) throw new Error(`${contestant.name} saw ${pieces} pieces of ${expected}`)
}
