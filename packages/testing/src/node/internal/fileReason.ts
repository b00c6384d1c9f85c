/** Why a file cannot be read: the code of the system, such as `ENOENT`. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error)
