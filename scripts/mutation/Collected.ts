/** Tests as a test file registers them. */

// oxlint-disable-next-line typescript/no-explicit-any -- functions of tests, which have any parameters
export type AnyFunction = (...args: ReadonlyArray<any>) => unknown

export interface Hook {
  readonly kind: "beforeAll" | "afterAll" | "beforeEach" | "afterEach"
  readonly run: AnyFunction
}

export interface Suite {
  readonly type?: undefined
  readonly name: string
  /** The path of the test file. */
  readonly file: string
  readonly parent: Suite | undefined
  readonly hooks: Array<Hook>
  readonly tasks: Array<Suite | Test>
  readonly isSkipped: boolean
}

export interface Test {
  readonly type: "test"
  readonly name: string
  readonly parent: Suite
  readonly run: AnyFunction
  readonly isSkipped: boolean
  /** Whether it passes when it fails. */
  readonly isFailing: boolean
}

export const testsOf = (suite: Suite): ReadonlyArray<Test> =>
  suite.tasks.flatMap((child) => (child.type === "test" ? [child] : testsOf(child)))

/** The suites of a test, outermost first. */
export const suitesOf = (suite: Suite | undefined): ReadonlyArray<Suite> =>
  suite === undefined ? [] : [...suitesOf(suite.parent), suite]

export const idOf = (test: Test): string =>
  `${test.parent.file}#${[...suitesOf(test.parent).map(({ name }) => name), test.name].filter((name) => name !== "").join(" > ")}`
