// Loaded before a command. When its process ends, it tells what that has used: processor time in ms, and the most memory in MB.
import { writeSync } from 'node:fs'

process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  const peak = process.resourceUsage().maxRSS / 1024
  writeSync(3, JSON.stringify({ cpu: (user + system) / 1000, peak }))
})
