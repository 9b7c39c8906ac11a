package app.manyhands.look

import android.graphics.Bitmap
import android.graphics.Color
import android.graphics.Rect
import android.widget.TextView

/** Words have at least this much (WCAG 2.2, 1.4.3). */
const val LEAST_CONTRAST = 4.5

/** How well two colours are told apart, from 1 to 21 (WCAG 2.2, "contrast ratio"). */
fun contrast(
    one: Int,
    other: Int,
): Double {
    val (darker, lighter) = listOf(one, other).map { Color.luminance(it).toDouble() }.sorted()
    return (lighter + FLARE) / (darker + FLARE)
}

/** How well words are told from what is behind them in a screen's picture; nothing where they are not seen. */
fun contrast(
    words: TextView,
    picture: Bitmap,
): Double? {
    val seen = Rect()
    if (!words.getGlobalVisibleRect(seen) || !seen.intersect(0, 0, picture.width, picture.height)) return null
    val pixels = IntArray(seen.width() * seen.height())
    picture.getPixels(pixels, 0, seen.width(), seen.left, seen.top, seen.width(), seen.height())
    val ink = if (words.text.isEmpty()) words.currentHintTextColor else words.currentTextColor
    // The words themselves are less than half of it.
    return mostFrequent(pixels)?.let { contrast(ink, it) }
}

private fun mostFrequent(all: IntArray): Int? {
    all.sort()
    var (most, longest, began) = Triple<Int?, Int, Int>(null, 0, 0)
    for (i in 1..all.size) {
        if (i < all.size && all[i] == all[began]) continue
        if (i - began > longest) {
            longest = i - began
            most = all[began]
        }
        began = i
    }
    return most
}

/** A translucent colour on another. */
fun Int.over(ground: Int): Int {
    val share = Color.alpha(this) / ALL

    fun mixed(part: (Int) -> Int) = Math.round(part(this) * share + part(ground) * (1 - share)).toInt()
    return Color.rgb(mixed(Color::red), mixed(Color::green), mixed(Color::blue))
}

private const val FLARE = 0.05
private const val ALL = 255.0
