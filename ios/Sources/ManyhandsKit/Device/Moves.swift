/// Sees by the paths when the phone stands in another network.
///
/// The first network is no move. One that comes after there was none is, also when it is the one from
/// before: its addresses may be others.
struct Moves {
    private var network: String?
    private var wasGone = false

    /// Whether the phone has moved with this path.
    mutating func handle(_ path: DeviceReport.Path) -> Bool {
        guard path.reachable else {
            wasGone = true
            return false
        }
        guard let network = path.network else { return false }
        defer { (self.network, wasGone) = (network, false) }
        return wasGone || self.network.map { $0 != network } ?? false
    }
}
