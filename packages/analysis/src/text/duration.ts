/** Formats a duration in nanoseconds for people: `850 ns`, `1.23 ms`, `2.50 s`, `3 min 20 s`. */
export function formatDuration(nanoseconds: bigint | number): string {
  const ns = Math.round(Number(nanoseconds))
  if (ns < 0) return `-${formatDuration(-ns)}`
  if (ns < 999.5) return `${ns} ns`
  if (ns < 999_500) return `${threeDigits(ns / 1e3)} µs`
  if (ns < 999_500_000) return `${threeDigits(ns / 1e6)} ms`
  if (ns < 59.95e9) return `${threeDigits(ns / 1e9)} s`
  const seconds = Math.round(ns / 1e9)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

function threeDigits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
}
