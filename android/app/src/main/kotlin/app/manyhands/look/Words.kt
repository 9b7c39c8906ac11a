package app.manyhands.look

import android.content.Context
import android.text.format.DateFormat
import app.manyhands.R
import java.text.NumberFormat
import java.util.Date
import java.util.Locale

/** Numbers as people read them, in the screen's language. */
class Words(
    private val context: Context,
) {
    private val resources = context.resources
    private val locale: Locale = resources.configuration.locales[0]
    private val whole = NumberFormat.getIntegerInstance(locale)

    /** Whole MB under 1,000 MB, then GB with one decimal; 1 GB is 1,000 MB. */
    fun size(bytes: Long): String {
        val mega = (bytes + MB / 2) / MB
        if (mega < MB_PER_GB) return resources.getString(R.string.size_mb, whole.format(mega))
        val giga = NumberFormat.getNumberInstance(locale).apply { maximumFractionDigits = 1 }
        return resources.getString(R.string.size_gb, giga.format(bytes / (MB * MB_PER_GB).toDouble()))
    }

    /** "12 watching"; exact to 999, then "about 1,200 watching"; a sentence of its own for nobody. */
    fun watching(viewers: Long): String =
        if (viewers == 0L) {
            resources.getString(R.string.nobody_watching)
        } else {
            resources.getQuantityString(R.plurals.watching, quantity(viewers), count(viewers))
        }

    /** "12", "about 1,200". */
    fun count(number: Long): String =
        if (number < MANY) {
            whole.format(number)
        } else {
            resources.getString(R.string.about, whole.format(number / HUNDRED * HUNDRED))
        }

    /** "12:41", "1:02:41". */
    fun clock(seconds: Long): String {
        val minutes = seconds / MINUTE
        return if (minutes < MINUTE) {
            String.format(locale, "%d:%02d", minutes, seconds % MINUTE)
        } else {
            String.format(locale, "%d:%02d:%02d", minutes / MINUTE, minutes % MINUTE, seconds % MINUTE)
        }
    }

    /** "12 minutes 41 seconds", as a screen reader speaks it. */
    fun spoken(seconds: Long): String {
        val hours = part(R.plurals.hours, seconds / MINUTE / MINUTE)
        val minutes = part(R.plurals.minutes, seconds / MINUTE % MINUTE)
        val rest = part(R.plurals.seconds, seconds % MINUTE)
        return listOfNotNull(hours, minutes, rest)
            .reduceOrNull { first, next -> resources.getString(R.string.two_parts, first, next) }
            ?: resources.getQuantityString(R.plurals.seconds, 0, 0)
    }

    /** "48 minutes", "1 hour 2 minutes"; seconds only under a minute. */
    fun length(seconds: Long): String = spoken(if (seconds < MINUTE) seconds else seconds / MINUTE * MINUTE)

    /** "15:42", as the person has set it. */
    fun time(unixMs: Long): String = DateFormat.getTimeFormat(context).format(Date(unixMs))

    /** "12 May". */
    fun day(unixMs: Long): String =
        DateFormat.format(DateFormat.getBestDateTimePattern(locale, "dMMM"), unixMs).toString()

    fun quantity(number: Long): Int = number.coerceAtMost(Int.MAX_VALUE.toLong()).toInt()

    private fun part(
        plural: Int,
        number: Long,
    ): String? = if (number == 0L) null else resources.getQuantityString(plural, quantity(number), number.toInt())

    private companion object {
        const val MB = 1_000_000L
        const val MB_PER_GB = 1_000L
        const val MANY = 1_000L
        const val HUNDRED = 100L
        const val MINUTE = 60L
    }
}
