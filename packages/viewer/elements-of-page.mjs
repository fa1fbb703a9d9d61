// What tags of the page's TSX become.
export { Fragment, h } from 'preact'
