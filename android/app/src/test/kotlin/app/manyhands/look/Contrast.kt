package app.manyhands.look

import android.graphics.Color

/** How well two colours are told apart, from 1 to 21 (WCAG 2.2, "contrast ratio"). */
fun contrast(
    one: Int,
    other: Int,
): Double {
    val (darker, lighter) = listOf(one, other).map { Color.luminance(it).toDouble() }.sorted()
    return (lighter + FLARE) / (darker + FLARE)
}

/** A translucent colour on another. */
fun Int.over(ground: Int): Int {
    val share = Color.alpha(this) / ALL

    fun mixed(part: (Int) -> Int) = Math.round(part(this) * share + part(ground) * (1 - share)).toInt()
    return Color.rgb(mixed(Color::red), mixed(Color::green), mixed(Color::blue))
}

private const val FLARE = 0.05
private const val ALL = 255.0
