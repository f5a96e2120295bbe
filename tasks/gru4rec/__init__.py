"""GRU4Rec: a recurrent network reads what a user liked, in order, and predicts what is liked
next.
"""
