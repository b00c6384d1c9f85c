/**
 * How a cassette compares requests.
 *
 * @since 0.1.0
 */

/**
 * How requests are compared. Methods, paths, queries and bodies are always
 * compared; other headers and hosts only when requested.
 *
 * @category options
 * @since 0.1.0
 */
export interface MatchOptions {
  /**
   * Members of JSON bodies that are not compared: `safety_identifier`,
   * `messages[].name`, `metadata.*`. `[]` is any index, `*` any member.
   */
  readonly ignore?: ReadonlyArray<string> | undefined
  /** Names of the request headers that are compared. They are kept in the file. Defaults to none. */
  readonly headers?: ReadonlyArray<string> | undefined
  /**
   * Whether scheme and host are compared. By default a response of the same host
   * is preferred, and in the mode `replay` that of another host is used when there
   * is none.
   */
  readonly origin?: boolean | undefined
}
