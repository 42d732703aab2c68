namespace Fettle.Indicators;

/// <summary>
/// Where an indicator writes: one span per output in the order of its descriptor, each as long as the bars.
/// An empty span means that the output is not wanted. An output may be the very span of an input.
/// </summary>
public readonly ref struct SeriesOutputs
{
    /// <summary>One to four outputs.</summary>
    public SeriesOutputs(Span<double> first, Span<double> second = default, Span<double> third = default, Span<double> fourth = default)
    {
        First = first;
        Second = second;
        Third = third;
        Fourth = fourth;
    }

    /// <summary>The first output.</summary>
    public Span<double> First { get; }

    /// <summary>The second output.</summary>
    public Span<double> Second { get; }

    /// <summary>The third output.</summary>
    public Span<double> Third { get; }

    /// <summary>The fourth output.</summary>
    public Span<double> Fourth { get; }
}
