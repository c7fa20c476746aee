// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Balancing;
using Penstock.Model.Expressions;
using Penstock.Model.L7;

namespace Penstock.L7.Routing;

/// <summary>One compiled rule. Immutable, shared by all reactors.</summary>
internal sealed class Route
{
    private readonly byte[][] _methods;
    private readonly TargetWeights _targets;

    /// <summary>Compiles a rule.</summary>
    /// <param name="config">The rule, validated.</param>
    /// <param name="index">Its position in the file, from 0.</param>
    /// <exception cref="L7ApplyException">Its regular expression is none or cannot be evaluated in linear time.</exception>
    public Route(RouteConfig config, int index)
    {
        Config = config;
        Index = index;
        Regex = CompileRegex(config);
        string[] methods = config.Connect ? ["CONNECT"] : [.. config.Match.Methods];
        _methods = [.. methods.Select(Encoding.ASCII.GetBytes)];
        _targets = new TargetWeights(config.To);
        Rewrite = config.RewritePrefix is null || config.Match.PathPrefix is null ? null : new PrefixRewrite(config.Match.PathPrefix, config.RewritePrefix);
        Redirect = config.Redirect is null ? null : new RedirectTarget(config.Redirect);
        Respond = config.Respond is null ? null : new FixedResponse(config.Respond);
    }

    /// <summary>The method that <see cref="RouteConfig.Connect"/> is about.</summary>
    public static ReadOnlySpan<byte> ConnectMethod => "CONNECT"u8;

    /// <summary>Name in metrics and logs.</summary>
    public string Name => Config.Name;

    /// <summary>The rule as configured.</summary>
    public RouteConfig Config { get; }

    /// <summary>Position in its table, dense from 0: an index for counters.</summary>
    public int Index { get; }

    /// <summary>Whether it holds for every method.</summary>
    public bool AnyMethod => _methods.Length == 0;

    /// <summary>The regular expression that the whole path matches; null: none.</summary>
    public Expression? Regex { get; }

    /// <summary>How the path is changed before it is forwarded; null: not at all.</summary>
    public PrefixRewrite? Rewrite { get; }

    /// <summary>The redirect it answers with; null: none.</summary>
    public RedirectTarget? Redirect { get; }

    /// <summary>The response it answers with; null: none.</summary>
    public FixedResponse? Respond { get; }

    /// <summary>Whether it holds for a method. CONNECT is a matter of routes that take it alone: no other stands before them.</summary>
    public bool Allows(ReadOnlySpan<byte> method)
    {
        if (method.SequenceEqual(ConnectMethod))
        {
            return Config.Connect;
        }

        foreach (byte[] allowed in _methods)
        {
            if (method.SequenceEqual(allowed))
            {
                return true;
            }
        }

        return AnyMethod;
    }

    /// <summary>Draws one of <see cref="RouteConfig.To"/> by weight.</summary>
    /// <returns>Its index; -1 if all weights are 0 or there is none.</returns>
    public int PickTarget(ref FastRandom random) => _targets.Pick(ref random);

    private static Expression? CompileRegex(RouteConfig config)
    {
        if (config.Match.PathRegex is not { } pattern)
        {
            return null;
        }

        try
        {
            return Expression.Parse(pattern);
        }
        catch (ExpressionException e)
        {
            throw new L7ApplyException($"route {config.Name}: path_regex {pattern}: {e.Message}", e);
        }
    }
}
