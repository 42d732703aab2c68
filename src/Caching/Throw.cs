using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Fettle.Caching;

/// <summary>The only place that builds exceptions: each names the parameter, the value, the allowed range and the fix.</summary>
internal static class Throw
{
    [DoesNotReturn]
    public static void OutOfRange(string name, object? value, string allowed) =>
        throw new ArgumentOutOfRangeException(name, value, string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; allowed: {allowed}"));

    [DoesNotReturn]
    public static void BadName(string name, string? value) =>
        throw new ArgumentException($"{name} is '{value}'; allowed: 1 to 64 of a-z, A-Z, 0-9, '.', '_', '-'", name);

    [DoesNotReturn]
    public static void CategoryTypeDiffers(string name, Type known, Type asked) =>
        throw new InvalidOperationException($"category '{name}' holds {known}; it was asked for as {asked}: use one type per category");

    [DoesNotReturn]
    public static void CategoryOptionsDiffer(string name) =>
        throw new InvalidOperationException($"category '{name}' exists with other options: create it once and share the instance");

    [DoesNotReturn]
    public static void NoSerializer(string name, Type type) =>
        throw new InvalidOperationException(
            $"category '{name}' uses the second tier but has no serializer for {type}: pass CacheSerializer.Json(context.{type.Name}) or set UseSecondTier = false");

    [DoesNotReturn]
    public static void WrongFunction(string category, string property, Type given, Type wanted) =>
        throw new ArgumentException($"{property} of category '{category}' is a {Text(given)}; give a {Text(wanted)}");

    static string Text(Type function) => $"{function.Name.Split('`')[0]}<{string.Join(", ", function.GetGenericArguments().Select(a => a.Name))}>";

    [DoesNotReturn]
    public static void Disposed() => throw new ObjectDisposedException("FettleCache");

    [DoesNotReturn]
    public static void CorruptValue(string reason) => throw new InvalidDataException(reason);

    [DoesNotReturn]
    public static void FactoryTimedOut(string category, string key, TimeSpan timeout) =>
        throw new TimeoutException($"loading '{key}' of category '{category}' took longer than {timeout}; the key is free for the next caller");

    [DoesNotReturn]
    public static void NoKey(Type type) =>
        throw new ArgumentException($"{type} cannot be part of a cache key; allowed: text, numbers, dates, identifiers, enumerations, byte arrays, tuples and lists of these: pass its parts");
}
