import type { HtmlOptions } from './html/page.js'
import type { LabReport } from './report.js'

/**
 * The report as one page that needs nothing else: no script, no network, styles and plots inside; for light, dark and
 * print. The report itself is in it as JSON (`<script type="application/json" id="report">`). The plot library is loaded
 * by the first call.
 */
export async function formatHtml(report: LabReport, options: HtmlOptions = {}): Promise<string> {
  const { formatPage } = await import('./html/page.js')
  return formatPage(report, options)
}
