/**
 * What tests import as `vitest` in a mutation run: `describe`, `it`, hooks and
 * assertions, which only collect. `TestRun.ts` runs what was collected, as often
 * as there are changes to try. Only what the tests of this repository use.
 */
// `hooks.ts` resolves this import to vitest itself.
import { assert } from "vitest"
import type { AnyFunction, Hook, Suite } from "./Collected.ts"

interface Options {
  readonly timeout?: number
  readonly skip?: boolean
  readonly fails?: boolean
}

const root: Suite = { name: "", file: "", parent: undefined, hooks: [], tasks: [], isSkipped: false }
let current = root

/** Collects what a module registers while it loads. */
export const collect = async (file: string, load: () => Promise<unknown>): Promise<Suite> => {
  const suite: Suite = { ...root, file, hooks: [], tasks: [] }
  current = suite
  await load()
  current = root
  return suite
}

const addHook = (kind: Hook["kind"]) => (run: AnyFunction) => void current.hooks.push({ kind, run })

export const beforeAll = addHook("beforeAll")
export const afterAll = addHook("afterAll")
export const beforeEach = addHook("beforeEach")
export const afterEach = addHook("afterEach")

interface Mode {
  readonly isSkipped: boolean
  readonly isFailing: boolean
}

const none: Mode = { isSkipped: false, isFailing: false }

const addTest =
  (mode: Mode) =>
  (name: string, first?: Options | AnyFunction, second?: AnyFunction | number): void => {
    const run = typeof first === "function" ? first : second
    const options: Options = typeof first === "object" ? first : {}
    current.tasks.push({
      type: "test",
      name,
      parent: current,
      run: typeof run === "function" ? run : () => undefined,
      isSkipped: mode.isSkipped || options.skip === true || typeof run !== "function",
      isFailing: mode.isFailing || options.fails === true
    })
  }

const addSuite =
  (mode: Mode) =>
  (name: string, first?: Options | AnyFunction, second?: AnyFunction): void => {
    const body = typeof first === "function" ? first : second
    const parent = current
    const isSkipped = mode.isSkipped || (typeof first === "object" && first.skip === true)
    const suite: Suite = { name, file: parent.file, parent, hooks: [], tasks: [], isSkipped }
    parent.tasks.push(suite)
    current = suite
    try {
      if (!isSkipped) body?.()
    } finally {
      current = parent
    }
  }

type Register = (name: string, first?: Options | AnyFunction, second?: AnyFunction) => void

/** `%s`, `%i` and `%j` by the values, and `$name` by a member of the first. */
const title = (name: string, values: ReadonlyArray<unknown>, index: number): string => {
  let next = 0
  const [first] = values
  const members: Readonly<Record<string, unknown>> = typeof first === "object" && first !== null ? { ...first } : {}
  return name
    .replaceAll("%#", String(index))
    .replaceAll(/%[sdifjop]/g, (form) => {
      const value = values[next++]
      return form === "%s" || typeof value === "bigint" ? String(value) : JSON.stringify(value)
    })
    .replaceAll(/\$(\w+)/g, (text, member: string) => (Object.hasOwn(members, member) ? String(members[member]) : text))
}

/** `each` passes the members of an array as arguments, and `for` the case itself and the context. */
const over =
  (register: Register, isSpread: boolean) =>
  (cases: ReadonlyArray<unknown>): Register =>
  (name, first, second) => {
    const body = typeof first === "function" ? first : second
    const options = typeof first === "object" ? first : {}
    for (const [index, one] of cases.entries()) {
      const values = Array.isArray(one) ? (one as ReadonlyArray<unknown>) : [one]
      const run = (...context: ReadonlyArray<unknown>): unknown =>
        isSpread ? body?.(...values) : body?.(one, ...context)
      register(`${title(name, values, index)} [${index}]`, options, run)
    }
  }

const api = (add: (mode: Mode) => Register) => {
  const skip = add({ ...none, isSkipped: true })
  const run = add(none)
  return Object.assign(add(none), {
    skip,
    todo: skip,
    only: run,
    fails: add({ ...none, isFailing: true }),
    concurrent: run,
    sequential: run,
    skipIf: (condition: unknown) => (condition ? skip : run),
    runIf: (condition: unknown) => (condition ? run : skip),
    each: over(run, true),
    for: over(run, false)
  })
}

export const it = api(addTest)
export const describe = api(addSuite)

/** What `@effect/vitest` reads. */
export const TestRunner = {
  getCurrentSuite: () => ({
    get tasks() {
      return current.tasks
    }
  })
}

export { assert }
