package app.manyhands.look

import android.app.Activity
import app.manyhands.play.Phone

/** A screen in one of its states, as tests look at it. */
class Scene(
    val name: String,
    val open: (Phone) -> Activity,
) {
    override fun toString() = name
}
