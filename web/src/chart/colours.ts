// The few colours of charts: told apart on both grounds, also by those who see no red and green (their lightness differs).
export type ChartColour = 'accent' | 'good' | 'bad' | 'warm' | 'calm' | 'quiet'

const light: Record<ChartColour, string> = {
  accent: '#1f5fbf',
  good: '#2f9e44',
  bad: '#e03131',
  warm: '#f08c00',
  calm: '#15aabf',
  quiet: '#868e96',
}
const dark: Record<ChartColour, string> = {
  accent: '#5089e0',
  good: '#51cf66',
  bad: '#ff6b6b',
  warm: '#ffc078',
  calm: '#3bc9db',
  quiet: '#909296',
}

export function chartColour(name: ChartColour, scheme: 'light' | 'dark'): string {
  return (scheme === 'dark' ? dark : light)[name]
}
