package app.manyhands.look

import android.app.Activity
import android.view.View
import android.widget.ImageView
import android.widget.TextView

/** A view that the layout is known to have. */
fun <T : View> Activity.view(id: Int): T = requireViewById(id)

/** There, or gone without leaving room. */
fun View.shown(shown: Boolean) {
    visibility = if (shown) View.VISIBLE else View.GONE
}

/** The text, or gone when there is none. Set only when it changes, or a screen reader would repeat it. */
fun TextView.say(words: CharSequence?) {
    shown(!words.isNullOrEmpty())
    if (words != null && text.toString() != words.toString()) text = words
}

/** What a tap does. */
fun View.onTap(action: () -> Unit) = setOnClickListener { action() }

/** An icon and the words that are spoken for it. */
fun ImageView.icon(
    drawable: Int,
    spoken: CharSequence,
) {
    setImageResource(drawable)
    contentDescription = spoken
}

/** An icon before the words. */
fun TextView.iconAtStart(drawable: Int) = setCompoundDrawablesRelativeWithIntrinsicBounds(drawable, 0, 0, 0)
