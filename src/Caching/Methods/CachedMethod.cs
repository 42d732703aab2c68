using System.Runtime.CompilerServices;

namespace Fettle.Caching;

/// <summary>Makes a method remember its answers: the key is built from the method's name and all its inputs.</summary>
/// <remarks>
/// <code>var quote = LoadQuoteAsync; var cached = quote.CacheAs(quotes);  await cached("TCS", date, token)</code>
/// The method must not depend on anything else than its inputs: what it reads besides them (the user, the time, settings) has to be an input.
/// </remarks>
public static class CachedMethod
{
    /// <summary>Caches a method of one input.</summary>
    /// <typeparam name="TInput">What <see cref="CacheKey.Of"/> takes; a tuple for several inputs.</typeparam>
    /// <typeparam name="T">The answer.</typeparam>
    /// <param name="method">The method.</param>
    /// <param name="category">Where the answers go.</param>
    /// <param name="tags">Tags of an answer, from its input. Default none.</param>
    /// <param name="name">Tells the methods of a category apart; default the expression of <paramref name="method"/>.</param>
    public static Func<TInput, CancellationToken, ValueTask<T>> CacheAs<TInput, T>(
        this Func<TInput, CancellationToken, ValueTask<T>> method,
        CacheCategory<T> category,
        Func<TInput, string[]>? tags = null,
        [CallerArgumentExpression(nameof(method))] string name = "")
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(category);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return (input, cancellation) => category.GetOrCreateAsync(CacheKey.Of(name, input), token => method(input, token), tags?.Invoke(input), cancellation);
    }

    /// <summary>Caches a method of two inputs.</summary>
    /// <typeparam name="T1">The first input.</typeparam>
    /// <typeparam name="T2">The second input.</typeparam>
    /// <typeparam name="T">The answer.</typeparam>
    /// <param name="method">The method.</param>
    /// <param name="category">Where the answers go.</param>
    /// <param name="tags">Tags of an answer, from its inputs. Default none.</param>
    /// <param name="name">Tells the methods of a category apart; default the expression of <paramref name="method"/>.</param>
    public static Func<T1, T2, CancellationToken, ValueTask<T>> CacheAs<T1, T2, T>(
        this Func<T1, T2, CancellationToken, ValueTask<T>> method,
        CacheCategory<T> category,
        Func<T1, T2, string[]>? tags = null,
        [CallerArgumentExpression(nameof(method))] string name = "")
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(category);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return (first, second, cancellation) => category.GetOrCreateAsync(
            CacheKey.Of(name, first, second), token => method(first, second, token), tags?.Invoke(first, second), cancellation);
    }
}
