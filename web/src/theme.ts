// How it looks: calm, dense, one accent. Colours of states are chosen so that their text has the contrast of WCAG 2.2 AA on both
// grounds; test/panel checks them with axe.
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple, type MantineTheme } from '@mantine/core'

const gate: MantineColorsTuple = [
  '#eaf2fd',
  '#d5e3f8',
  '#a9c5f0',
  '#7aa5e8',
  '#5089e0',
  '#3676db',
  '#1f5fbf',
  '#1a52a6',
  '#154794',
  '#0b3b82',
]

/** Each of them would hear Escape, whatever lies over it: shell/escape.ts closes the one on top. */
const dialog = { defaultProps: { closeOnEscape: false } }

export const theme = createTheme({
  primaryColor: 'gate',
  primaryShade: { light: 6, dark: 6 },
  colors: { gate },
  fontFamily:
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans Arabic', 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, 'Noto Sans Mono', monospace",
  defaultRadius: 'sm',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm' } },
    Modal: dialog,
    ModalRoot: dialog,
    Drawer: dialog,
    DrawerRoot: dialog,
    // What lies beneath stays readable.
    ModalOverlay: { defaultProps: { backgroundOpacity: 0.4 } },
    DrawerOverlay: { defaultProps: { backgroundOpacity: 0.4 } },
    // Menus and lists of choices float within the landmark of the page; dialogs are beside it.
    Popover: { defaultProps: { portalProps: { target: '#floating' } } },
    // There while its list is: the list is what it controls.
    ComboboxSearch: { defaultProps: { role: 'combobox', 'aria-expanded': true } },
    // A list of choices has nothing but choices in it, also where there is none.
    ComboboxEmpty: { defaultProps: { role: 'option', 'aria-disabled': true } },
    // Its letters would be between two colours for a while.
    SegmentedControl: { defaultProps: { transitionDuration: 0 } },
    TextInput: { defaultProps: { size: 'sm' } },
    Table: { defaultProps: { verticalSpacing: 'xs' } },
    Tooltip: { defaultProps: { openDelay: 400, withArrow: true, portalProps: { target: '#floating' } } },
  },
})

/** Mantine's own red is too light for white on it, and for its letters on what is white. */
const red = ({ red: shades }: MantineTheme['colors'], words: string) => ({
  '--mantine-color-red-filled': shades[9],
  '--mantine-color-red-filled-hover': `color-mix(in srgb, ${shades[9]} 90%, black)`,
  '--mantine-color-red-6': words,
  '--mantine-color-error': words,
})

/** Mantine's own grey for what is less important, and its blue of links in the dark, have too little contrast (WCAG 2.2, 1.4.3). */
export const cssVariables: CSSVariablesResolver = ({ colors }) => ({
  variables: {},
  light: {
    ...Object.fromEntries(
      Object.entries(colors).map(([name, shades]) => [
        `--mantine-color-${name}-light-color`,
        `color-mix(in srgb, ${shades[9]} 78%, black)`,
      ]),
    ),
    '--line': colors.gray[3],
    ...red(colors, colors.red[9]),
    '--mantine-color-dimmed': colors.gray[7],
    '--mantine-color-placeholder': colors.gray[7],
  },
  dark: {
    // A breath of the colour; the kit's own is louder than what stands on it.
    ...Object.fromEntries(
      Object.entries(colors).map(([name, shades]) => [
        `--mantine-color-${name}-light`,
        `color-mix(in srgb, ${shades[8]} 28%, var(--mantine-color-body))`,
      ]),
    ),
    ...red(colors, colors.red[5]),
    '--line': '#383838',
    '--mantine-color-dimmed': '#a6a7ab',
    '--mantine-color-placeholder': '#a6a7ab',
    '--mantine-color-anchor': gate[2],
  },
})
